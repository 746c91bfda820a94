/**
 * The best candidate's prompts, and what changed in them since the initial candidate.
 *
 * @typedef {import("../types.js").ComparedPrompts} ComparedPrompts
 * @typedef {import("./run_findings.js").RunFindings} RunFindings
 */

import { make } from "../dom.js";
import { jsonText } from "../exact_json.js";
import { displayName } from "../format.js";
import { metricElement } from "../metric_element.js";
import { candidateLink } from "./candidate_link.js";
import { examplesText, originOf } from "./candidate_text.js";
import { LivePart } from "./live_part.js";
import { promptComparison } from "./prompt_comparison.js";

export class PromptPart extends LivePart {
  #shown = "";

  /** @param {RunFindings} findings */
  constructor(findings) {
    super("the best prompt", () => this.#loadPrompts(), findings.signal);
    this.findings = findings;
  }

  async #loadPrompts() {
    const { findings } = this;
    /** @type {ComparedPrompts} */
    const prompts = await findings.get("/candidate-prompts", { metric: findings.metric });
    const text = jsonText(prompts);
    if (text === this.#shown) return; // what is open, marked or selected stays so
    this.#shown = text;
    this.content.replaceChildren(...this.#heading(prompts), ...promptComparison(prompts));
  }

  /** @param {ComparedPrompts} prompts */
  #heading({ candidate }) {
    if (candidate === null) return [];
    const { domain_name: domain, run_number: number } = this.findings.run;
    const line = make("p", { class: "prompt-of" }, make("b", {}, candidateLink(candidate.candidate, `Candidate ${candidate.candidate}`)), " · ", originOf(candidate));
    if (candidate.metric !== null && candidate.score !== null) {
      line.append(` · ${displayName(candidate.metric)} `, metricElement(candidate.score), ` on ${examplesText(candidate)}`);
    }
    if (!candidate.has_program) return [line];
    const href = this.findings.address("/best-program", { metric: this.findings.metric });
    const download = make("a", { class: "quiet-button", href, download: `${domain}-${number}-best-program.json` }, "Download the best program");
    return [make("div", { class: "prompt-head" }, line, download)];
  }
}
