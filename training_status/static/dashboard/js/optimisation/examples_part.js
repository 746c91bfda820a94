/**
 * Which examples candidates solve: a picture with the hardest at the left, a sentence, a table, and exact scores.
 *
 * @typedef {import("../types.js").ExampleScores} ExampleScores
 * @typedef {import("../types.js").OneExample} OneExample
 * @typedef {import("./run_findings.js").RunFindings} RunFindings
 */

import { ServiceError } from "../connection/service_error.js";
import { make, setText } from "../dom.js";
import { exactNumberText, numberText } from "../number_text.js";
import { counted } from "./candidate_text.js";
import { exampleDetails } from "./example_details.js";
import { HeatMap } from "./heat_map.js";
import { LivePart } from "./live_part.js";

const EXAMPLES_MAX = 400;
const PIXELS_OF_EXAMPLE = 2;
const NAMED_MAX = 10;
const COLUMNS = ["Example", "Solved by", "Best score", ""];

export class ExamplesPart extends LivePart {
  #split = "";
  #solvedFrom = "";
  #offset = 0;
  /** @type {ExampleScores | null} */
  #scores = null;

  /** @param {RunFindings} findings */
  constructor(findings) {
    super("the scores of examples", () => this.#loadExamples(), findings.signal);
    this.findings = findings;
    this.sentence = make("p", { class: "in-words" });
    this.split = make("select", {});
    this.split.addEventListener("change", () => this.#choose({ split: this.split.value }));
    this.splitChoice = make("label", {}, "Split ", this.split);
    this.solvedFrom = make("input", { type: "number", step: "any", class: "solved-from" });
    this.solvedFrom.addEventListener("change", () => this.#choose({ solvedFrom: this.solvedFrom.value }));
    this.solvedWords = document.createTextNode("");
    this.place = make("span", { class: "page-place", role: "status" });
    this.harder = this.#pageButton("Harder", -1);
    this.easier = this.#pageButton("Easier", 1);
    this.pages = make("div", { class: "pages" }, this.place, this.harder, this.easier);
    this.head = make("div", { class: "examples-head" }, this.splitChoice, make("label", {}, this.solvedWords, this.solvedFrom), this.pages);
    this.heatMap = new HeatMap((example) => void this.#showExample(example));
    this.rows = make("tbody");
    const head = make("thead", {}, make("tr", {}, ...COLUMNS.map((name) => (name ? make("th", { scope: "col" }, name) : make("td")))));
    const frame = make("div", { class: "chart-values", role: "region", "aria-label": "Hardest examples", tabindex: "0" }, make("table", {}, head, this.rows));
    this.table = make("details", { class: "chart-table" }, make("summary", {}, "Examples as a table"), frame);
    this.table.addEventListener("toggle", () => this.#fillTable());
    this.example = make("section", { class: "one-example", "aria-label": "Scores on one example" });
    this.example.hidden = true;
    this.drawn = make("div", {}, this.head, this.heatMap.element, this.table, this.example);
    this.content.append(this.sentence, this.drawn);
  }

  async #loadExamples() {
    const { findings } = this;
    const width = this.element.getBoundingClientRect().width;
    const examples = Math.max(50, Math.min(EXAMPLES_MAX, Math.floor(width / PIXELS_OF_EXAMPLE)));
    const query = { metric: findings.metric, split: this.#split, solved_from: this.#solvedFrom, offset: this.#offset, examples };
    /** @type {ExampleScores} */
    const scores = await findings.get("/example-scores", query);
    this.#scores = scores;
    this.drawn.hidden = scores.cells.length === 0;
    setText(this.sentence, inWords(scores));
    if (scores.cells.length === 0) return;
    this.splitChoice.hidden = scores.splits.length < 2;
    this.split.replaceChildren(...scores.splits.map((split) => make("option", {}, split)));
    if (scores.split !== null) this.split.value = scores.split;
    this.solvedWords.data = `Solved: a score of at ${scores.lower_is_better ? "most" : "least"} `;
    if (document.activeElement !== this.solvedFrom) this.solvedFrom.value = String(scores.solved_from);
    const shown = scores.examples.example.length;
    this.pages.hidden = shown === scores.example_count;
    setText(this.place, `${numberText(scores.offset + 1)}–${numberText(scores.offset + shown)} of ${counted(scores.example_count, "example")}, the hardest first`);
    this.harder.disabled = scores.offset === 0;
    this.easier.disabled = scores.offset + shown >= scores.example_count;
    this.heatMap.element.hidden = shown === 0;
    if (shown) this.heatMap.show(scores);
    this.#fillTable();
  }

  #fillTable() {
    if (!this.table.open || !this.#scores) return;
    const { example, solved_count: solved, evaluated_count: evaluated, best_score: best } = this.#scores.examples;
    this.rows.replaceChildren(
      ...example.map((name, place) => {
        const button = make("button", { type: "button", class: "link", "aria-label": `Scores on ${name}` }, "Scores");
        button.addEventListener("click", () => void this.#showExample(name));
        const score = best[place] ?? null;
        const cells = [`${numberText(solved[place] ?? 0)} of ${counted(evaluated[place] ?? 0, "candidate")}`, score === null ? "failed" : exactNumberText(score), button];
        return make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((cell) => make("td", {}, cell)));
      }),
    );
  }

  /** @param {string} name */
  async #showExample(name) {
    const { findings } = this;
    this.example.hidden = false;
    this.example.replaceChildren(make("p", { class: "none" }, `Loading the scores on ${name}…`));
    try {
      /** @type {OneExample} */
      const scores = await findings.get(`/example-scores/${encodeURIComponent(name)}`, { metric: findings.metric, split: this.#scores?.split });
      this.example.replaceChildren(...exampleDetails(scores));
      this.example.querySelector("h3")?.focus();
    } catch (error) {
      if (findings.signal.aborted) return;
      if (!(error instanceof ServiceError)) throw error;
      this.example.replaceChildren(make("p", { class: "none" }, `Could not load the scores on ${name}: ${error.message}`));
    }
  }

  /** @param {{split?: string, solvedFrom?: string, offset?: number}} choice */
  #choose({ split = this.#split, solvedFrom = this.#solvedFrom, offset = 0 }) {
    [this.#split, this.#solvedFrom, this.#offset] = [split, solvedFrom, offset];
    this.example.hidden = true;
    this.reload();
  }

  /** @param {string} text @param {number} step */
  #pageButton(text, step) {
    const button = make("button", { type: "button", class: "quiet-button" }, text);
    button.addEventListener("click", () => {
      const shown = this.#scores?.examples.example.length ?? 0;
      this.#choose({ offset: Math.max(0, this.#offset + step * (step > 0 ? shown : EXAMPLES_MAX)) });
    });
    return button;
  }
}

/** @param {ExampleScores} scores */
function inWords({ split, example_count: count, unsolved_count: unsolved, candidate_count: candidates, cells, examples, offset, is_exact: isExact }) {
  if (cells.length === 0) return "No scores of single examples were reported.";
  const of = `${counted(count, "example")} of ${split}`;
  const begin = unsolved === 0 ? `Each of the ${of} is solved by at least one candidate.` : `No candidate solves ${numberText(unsolved)} of the ${of}${named(examples.example, unsolved, offset)}.`;
  const shown = cells.length < candidates ? ` The picture shows the ${numberText(cells.length)} best of ${counted(candidates, "candidate")}; the counts are of all.` : "";
  const part = isExact ? "" : " There are too many scores to count all of them: a part of the evaluations, evenly spread, was counted.";
  return begin + shown + part;
}

/** The names of the unsolved examples, which are the first. @param {string[]} names @param {number} unsolved @param {number} offset */
function named(names, unsolved, offset) {
  if (offset > 0) return "";
  const told = names.slice(0, Math.min(unsolved, NAMED_MAX));
  const left = unsolved - told.length;
  return `: ${told.join(", ")}${left ? ` and ${numberText(left)} more` : ""}`;
}
