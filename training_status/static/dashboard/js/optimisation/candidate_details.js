/**
 * What a row of the candidate table unfolds to: the program, compared with the first parent, and the evaluations.
 *
 * @typedef {import("../types.js").Candidate} Candidate
 * @typedef {import("../types.js").ComparedPrompts} ComparedPrompts
 * @typedef {import("../types.js").EvaluationPage} EvaluationPage
 * @typedef {import("./run_findings.js").RunFindings} RunFindings
 */

import { ServiceError } from "../connection/service_error.js";
import { make } from "../dom.js";
import { displayName, formatTime } from "../format.js";
import { exactNumberText, numberText } from "../number_text.js";
import { durationText } from "../run_text.js";
import { promptComparison } from "./prompt_comparison.js";

const EVALUATIONS_MAX = 100;
const COLUMNS = ["Evaluation", "Metric", "Score", "Split", "Examples", "Failed", "Took", "At"];

/** @param {RunFindings} findings @param {Candidate} candidate */
export function candidateDetails(findings, candidate) {
  const element = make("div", { class: "candidate-details" }, make("p", { class: "none" }, "Loading the candidate…"));
  const load = async () => {
    const { candidate: name, parents } = candidate;
    const { metric } = findings;
    try {
      /** @type {[ComparedPrompts, EvaluationPage]} */
      const [prompts, evaluations] = await Promise.all([
        findings.get("/candidate-prompts", { candidate: name, compared_with: parents[0], metric }),
        findings.get("/evaluations", { candidate: name, page_size: EVALUATIONS_MAX }),
      ]);
      element.replaceChildren(...promptComparison(prompts), ...evaluationTable(name, evaluations, findings.service.now()));
    } catch (error) {
      if (findings.signal.aborted) return;
      if (!(error instanceof ServiceError)) throw error;
      const retry = make("button", { type: "button", class: "quiet-button" }, "Try again");
      retry.addEventListener("click", () => void load());
      element.replaceChildren(make("p", { class: "none" }, `Could not load the candidate: ${error.message}`), retry);
    }
  };
  void load();
  return element;
}

/** @param {string} name @param {EvaluationPage} page @param {number} now */
function evaluationTable(name, { items, total }, now) {
  if (total === 0) return [make("p", { class: "none" }, "It was not evaluated yet.")];
  const rows = items.map((one) => {
    const took = one.duration_ms === null ? "–" : durationText(one.duration_ms / 1000);
    const cells = [numberText(one.number), displayName(one.metric), exactNumberText(one.score), one.split, numberText(one.example_count), numberText(one.error_count), took, formatTime(one.at, now)];
    return make("tr", {}, ...cells.map((cell) => make("td", {}, cell)));
  });
  const head = make("thead", {}, make("tr", {}, ...COLUMNS.map((column) => make("th", { scope: "col" }, column))));
  const frame = make("div", { class: "chart-values", role: "region", tabindex: "0", "aria-label": `Evaluations of candidate ${name}` }, make("table", {}, head, make("tbody", {}, ...rows)));
  const more = total > items.length ? [make("p", { class: "none" }, `The latest ${items.length} of ${numberText(total)} evaluations are shown.`)] : [];
  return [make("h4", {}, "Evaluations"), frame, ...more];
}
