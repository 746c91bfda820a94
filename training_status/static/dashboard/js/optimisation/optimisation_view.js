/**
 * What the optimiser of a run found, in tabs, of which only the one that is shown is loaded.
 *
 * @typedef {import("../service.js").Service} Service
 * @typedef {import("../types.js").Finding} Finding
 * @typedef {import("../types.js").Run} Run
 * @typedef {import("../types.js").Status} Status
 * @typedef {import("./live_part.js").LivePart} LivePart
 */

import { make, setText } from "../dom.js";
import { displayName, formatTime } from "../format.js";
import { numberText } from "../number_text.js";
import { addressedCandidate } from "./candidate_address.js";
import { candidateLink } from "./candidate_link.js";
import { CandidatesPart } from "./candidates_part.js";
import { ExamplesPart } from "./examples_part.js";
import { LineagePart } from "./lineage_part.js";
import { PromptPart } from "./prompt_part.js";
import { RunFindings } from "./run_findings.js";
import { ScoresPart } from "./scores_part.js";
import { Tabs } from "./tabs.js";
import { UsagePart } from "./usage_part.js";

const TITLES = { scores: "Scores", prompt: "Best prompt", candidates: "Candidates", lineage: "Lineage", examples: "Examples", usage: "Usage" };

export class OptimisationView {
  #ending = new AbortController();
  /** How many calls of models the status told last. */
  #calls = 0;

  /** @param {HTMLElement} element @param {Service} service @param {Run} run */
  constructor(element, service, run) {
    this.findings = new RunFindings(service, run, this.#ending.signal, () => this.#showMetrics());
    this.best = make("p", { class: "best-score" });
    this.metric = make("select", {});
    this.metric.addEventListener("change", () => this.#choose(this.metric.value));
    this.metricChoice = make("label", { class: "metric-of-optimisation" }, "Metric ", this.metric);
    this.scores = new ScoresPart(this.findings);
    this.candidates = new CandidatesPart(this.findings);
    this.usage = new UsagePart(this.findings);
    /** @type {Record<string, LivePart>} */
    this.parts = {
      scores: this.scores,
      prompt: new PromptPart(this.findings),
      candidates: this.candidates,
      lineage: new LineagePart(this.findings),
      examples: new ExamplesPart(this.findings),
      usage: this.usage,
    };
    const tabs = Object.entries(TITLES).map(([name, title]) => ({ name, title, content: /** @type {LivePart} */ (this.parts[name]).element }));
    this.tabs = new Tabs("What the optimiser found", tabs, (shown) => {
      for (const [name, part] of Object.entries(this.parts)) part.show(name === shown);
    });
    this.#showMetrics();
    element.replaceChildren(make("div", { class: "optimisation-head" }, this.best, this.metricChoice), this.tabs.element);
    const { signal } = this.#ending;
    window.addEventListener("hashchange", () => this.#followAddress(), { signal });
    element.addEventListener("click", ({ target }) => this.#onLink(target), { signal });
    if (!this.#followAddress()) this.tabs.show("scores");
  }

  /** Shows the candidate that the address of the page names. @returns {boolean} whether it names one */
  #followAddress() {
    const name = addressedCandidate();
    if (name === null) return false;
    this.candidates.open(name);
    this.tabs.show("candidates");
    return true;
  }

  /** Follows a link to the address that the page already has, of which browsers tell nothing. @param {EventTarget | null} target */
  #onLink(target) {
    const link = target instanceof Element ? target.closest("a.candidate-link") : null;
    if (link && link.getAttribute("href") === location.hash) this.#followAddress();
  }

  /** @param {Finding} finding */
  take(finding) {
    const { findings } = this;
    if (finding.event_type === "evaluation") {
      const { metric } = finding.data;
      if (metric === findings.metric) this.scores.append(finding.data);
      else if (!findings.metrics.includes(metric)) this.#expect(metric);
    }
    for (const part of Object.values(this.parts)) if (part !== this.scores && part !== this.usage) part.refresh();
  }

  /** @param {Status} status */
  update({ best, usage }) {
    if (usage.calls !== this.#calls) this.usage.refresh();
    this.#calls = usage.calls;
    if (best === null) return setText(this.best, "");
    const { candidate, metric, score, at } = best;
    const now = this.findings.service.now();
    this.best.replaceChildren(
      "Best so far: ",
      make("b", {}, `${displayName(metric)} ${numberText(score)}`),
      " by ",
      candidateLink(candidate, `candidate ${candidate}`),
      make("span", { class: "none" }, `, ${formatTime(at, now)}`),
    );
  }

  /** Stops requests and timers. */
  end() {
    this.#ending.abort();
  }

  /** A metric that was never evaluated before is shown, unless somebody has chosen another one. @param {string} metric */
  #expect(metric) {
    const { findings } = this;
    if (findings.isChosen) return findings.learnMetrics(findings.metric, [...findings.metrics, metric]);
    findings.learnMetrics(metric, [...findings.metrics, metric]);
    for (const part of Object.values(this.parts)) part.reload();
  }

  /** @param {string} metric */
  #choose(metric) {
    this.findings.metric = metric;
    this.findings.isChosen = true;
    for (const part of Object.values(this.parts)) part.reload();
  }

  #showMetrics() {
    const { metric, metrics } = this.findings;
    this.metricChoice.hidden = metrics.length < 2;
    this.metric.replaceChildren(...metrics.map((name) => make("option", { value: name }, displayName(name))));
    if (metric !== null) this.metric.value = metric;
  }
}
