/**
 * The scores of a run's evaluations: a chart, its content in a sentence, and a table.
 *
 * @typedef {import("../types.js").EvaluationScores} EvaluationScores
 * @typedef {import("../types.js").Evaluation} Evaluation
 * @typedef {import("./run_findings.js").RunFindings} RunFindings
 */

import { make, setText } from "../dom.js";
import { displayName } from "../format.js";
import { exactNumberText, numberText, numberTexts } from "../number_text.js";
import { durationText } from "../run_text.js";
import { candidateLink } from "./candidate_link.js";
import { LivePart } from "./live_part.js";
import { ScoreChart } from "./score_chart.js";
import { ScorePoints } from "./score_points.js";

const POINTS = 1000;
const COLUMNS = ["Evaluation", "After", "Candidate", "Split", "Examples", "Score"];

export class ScoresPart extends LivePart {
  /** @type {ScorePoints | null} */
  #scores = null;
  #isByTime = false;

  /** @param {RunFindings} findings */
  constructor(findings) {
    super("the scores", () => this.#loadScores(), findings.signal);
    this.findings = findings;
    this.sentence = make("p", { class: "in-words" });
    this.thinned = make("p", { class: "none" });
    this.legend = make("ul", { class: "score-legend", "aria-label": "Legend" });
    this.chart = new ScoreChart();
    this.axis = this.#axisChoice();
    this.values = make("tbody");
    const head = make("thead", {}, make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name))));
    const frame = make("div", { class: "chart-values", role: "region", "aria-label": "Scores", tabindex: "0" }, make("table", {}, head, this.values));
    this.table = make("details", { class: "chart-table" }, make("summary", {}, "Scores as a table"), frame);
    this.table.addEventListener("toggle", () => this.#fillTable());
    this.drawn = make("div", {}, this.sentence, this.thinned, make("div", { class: "score-head" }, this.legend, this.axis), this.chart.element, this.table);
    this.drawn.hidden = true;
    this.content.append(this.drawn);
  }

  /** @param {Evaluation} evaluation of the metric that is shown */
  append(evaluation) {
    if (!this.#scores || this.#scores.points.length >= 2 * POINTS) return this.refresh();
    this.#scores.append(evaluation);
    this.#draw();
  }

  async #loadScores() {
    /** @type {EvaluationScores} */
    const found = await this.findings.get("/evaluation-scores", { points: POINTS, metric: this.findings.metric });
    this.#scores = new ScorePoints(found);
    this.findings.learnMetrics(found.metric, found.metrics);
    this.#draw();
  }

  #draw() {
    const scores = this.#scores;
    if (!scores) return;
    const { points, total, steps } = scores;
    this.drawn.hidden = points.length === 0;
    setText(this.notice, points.length === 0 ? "Nothing was evaluated yet." : "");
    if (points.length === 0) return;
    this.sentence.replaceChildren(...inWords(scores));
    setText(this.thinned, points.length < total ? `The chart shows ${numberText(points.length)} of them: those that were the best so far, and the highest and lowest of each part of the run.` : "");
    this.thinned.hidden = points.length === total;
    this.legend.replaceChildren(...legend(scores));
    this.chart.show(scores, { name: displayName(scores.metric ?? ""), isByTime: this.#isByTime });
    this.table.hidden = steps.length === 0 && points.length === 0;
    this.#fillTable();
  }

  #fillTable() {
    if (!this.table.open || !this.#scores) return;
    const rows = this.#scores.points.map((point) =>
      make("tr", {}, ...[numberText(point.number), durationText(point.afterMs / 1000), candidateLink(point.candidate), point.split, numberText(point.exampleCount), exactNumberText(point.score)].map((cell) => make("td", {}, cell))),
    );
    this.values.replaceChildren(...rows);
  }

  #axisChoice() {
    const choices = [["number", false], ["time", true]].map(([name, isByTime]) => {
      const box = make("input", { type: "radio", name: "score-axis" });
      box.checked = isByTime === this.#isByTime;
      box.addEventListener("change", () => {
        this.#isByTime = isByTime === true;
        this.#draw();
      });
      return make("label", {}, box, ` ${name}`);
    });
    return make("fieldset", { class: "axis-choice" }, make("legend", {}, "Over"), ...choices);
  }
}

/** @param {ScorePoints} scores @returns {(string | Node)[]} */
function inWords({ metric, total, minibatches, steps, largest }) {
  const kinds = [[total - minibatches, "full"], [minibatches, "on a minibatch"]].filter(([count]) => count);
  const counts = kinds.map(([count, kind]) => `${numberText(Number(count))} ${kind}`).join(", ");
  const [first, best] = [steps[0], steps.at(-1)];
  const evaluations = total === 1 ? "1 evaluation" : `${numberText(total)} evaluations`;
  const begin = `${evaluations} of ${displayName(metric ?? "")}: ${counts}.`;
  if (!first || !best) return [begin];
  const [was = "", is = ""] = numberTexts([first.score, best.score]);
  const since = first === best ? "" : `, ${was} at first`;
  const where = largest ? ` on ${numberText(largest.example_count)} ${largest.example_count === 1 ? "example" : "examples"} of ${largest.split}` : "";
  return [`${begin} The best score${where} is ${is}${since}, by `, candidateLink(best.candidate, `candidate ${best.candidate}`), "."];
}

/** @param {ScorePoints} scores */
function legend({ minibatches, total, largest }) {
  const entries = [];
  if (total > minibatches) entries.push(make("li", { class: "of-full" }, "full evaluation"));
  if (minibatches) entries.push(make("li", { class: "of-minibatch" }, "minibatch"));
  if (largest) entries.push(make("li", { class: "of-best" }, `best so far on ${numberText(largest.example_count)} of ${largest.split}`));
  return entries;
}
