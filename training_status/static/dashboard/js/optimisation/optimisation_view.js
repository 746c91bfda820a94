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
import { candidateLink } from "./candidate_link.js";
import { RunFindings } from "./run_findings.js";
import { ScoresPart } from "./scores_part.js";
import { Tabs } from "./tabs.js";

export class OptimisationView {
  #ending = new AbortController();

  /** @param {HTMLElement} element @param {Service} service @param {Run} run */
  constructor(element, service, run) {
    this.findings = new RunFindings(service, run, this.#ending.signal, () => this.#showMetrics());
    this.best = make("p", { class: "best-score" });
    this.metric = make("select", {});
    this.metric.addEventListener("change", () => this.#choose(this.metric.value));
    this.metricChoice = make("label", { class: "metric-of-optimisation" }, "Metric ", this.metric);
    this.scores = new ScoresPart(this.findings);
    /** @type {Record<string, LivePart>} */
    this.parts = { scores: this.scores };
    const titles = { scores: "Scores" };
    const tabs = Object.entries(titles).map(([name, title]) => ({ name, title, content: /** @type {LivePart} */ (this.parts[name]).element }));
    this.tabs = new Tabs("What the optimiser found", tabs, (shown) => {
      for (const [name, part] of Object.entries(this.parts)) part.show(name === shown);
    });
    this.#showMetrics();
    element.replaceChildren(make("div", { class: "optimisation-head" }, this.best, this.metricChoice), this.tabs.element);
    this.tabs.show("scores");
  }

  /** @param {Finding} finding */
  take(finding) {
    const { findings } = this;
    if (finding.event_type === "evaluation") {
      const { metric } = finding.data;
      if (metric === findings.metric) this.scores.append(finding.data);
      else if (!findings.metrics.includes(metric)) this.#expect(metric);
    }
    for (const part of Object.values(this.parts)) if (part !== this.scores) part.refresh();
  }

  /** @param {Status} status */
  update({ best }) {
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
