/**
 * The candidates of a run in pages. A row unfolds to the candidate's program and evaluations.
 *
 * @typedef {import("../types.js").Candidate} Candidate
 * @typedef {import("../types.js").CandidatePage} CandidatePage
 * @typedef {import("../types.js").ComparedPrompts} ComparedPrompts
 * @typedef {import("./run_findings.js").RunFindings} RunFindings
 * @typedef {{rows: HTMLElement[], cells: HTMLElement[], button: HTMLButtonElement, details: HTMLElement, candidate: Candidate}} Line
 */

import { ServiceError } from "../connection/service_error.js";
import { make, setText } from "../dom.js";
import { formatTime } from "../format.js";
import { setMetricText } from "../metric_element.js";
import { digitsToTellApart, numberText } from "../number_text.js";
import { candidateDetails } from "./candidate_details.js";
import { examplesText, originOf } from "./candidate_text.js";
import { LivePart } from "./live_part.js";

const COLUMNS = ["Candidate", "Comes from", "Score", "Evaluations", "Reported"];
const PAGE_SIZE = 20;

export class CandidatesPart extends LivePart {
  #page = 1;
  #order = "score";
  /** The candidate that the address of the page names, which is shown wherever it is in the order. */
  #wanted = "";
  #isRevealed = false;
  /** @type {Map<string, Line>} */
  #lines = new Map();

  /** @param {RunFindings} findings */
  constructor(findings) {
    super("the candidates", () => this.#loadPage(), findings.signal);
    this.findings = findings;
    this.order = make("select", {}, make("option", { value: "score" }, "best score"), make("option", { value: "time" }, "latest"));
    this.order.addEventListener("change", () => this.#go(1, this.order.value));
    this.place = make("span", { class: "page-place", role: "status" });
    this.previous = this.#pageButton("Previous", -1);
    this.next = this.#pageButton("Next", 1);
    this.unknown = make("p", { class: "notice" });
    this.unknown.hidden = true;
    this.body = make("tbody", { role: "rowgroup" });
    // Explicit roles, because the narrow layout's CSS removes the implicit ones.
    const heads = COLUMNS.map((name) => make("th", { scope: "col", role: "columnheader" }, name));
    const top = make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads));
    this.table = make("table", { class: "candidates", role: "table", "aria-label": "Candidates" }, top, this.body);
    const head = make("div", { class: "candidates-head" }, make("label", {}, "Sort by ", this.order), make("div", { class: "pages" }, this.place, this.previous, this.next));
    this.content.append(this.unknown, head, this.table);
  }

  /** Shows a candidate unfolded, and moves the focus to it. @param {string} name */
  open(name) {
    this.#wanted = name;
    this.#isRevealed = false;
    this.reload();
  }

  async #loadPage() {
    const { findings } = this;
    const query = { order: this.#order, page: this.#page, page_size: PAGE_SIZE, metric: findings.metric };
    const wanted = this.#wanted;
    /** @type {CandidatePage} */
    const { items, total } = await findings.get("/candidates", query);
    const named = wanted && !items.some((one) => one.candidate === wanted) ? await this.#find(wanted) : [];
    const shown = [...named, ...items];
    const digits = digitsToTellApart(shown.map((one) => one.score));
    const lines = shown.map((candidate) => this.#lineOf(candidate, digits));
    this.#lines = new Map(lines.map((line) => [line.candidate.candidate, line]));
    const rows = lines.flatMap((line) => line.rows);
    for (const row of [...this.body.children]) if (!rows.includes(/** @type {HTMLElement} */ (row))) row.remove();
    rows.forEach((row, place) => {
      if (this.body.children[place] !== row) this.body.insertBefore(row, this.body.children[place] ?? null);
    });
    const [first, last] = [(this.#page - 1) * PAGE_SIZE + 1, (this.#page - 1) * PAGE_SIZE + items.length];
    setText(this.place, total === 0 ? "No candidates yet" : `${numberText(first)}–${numberText(last)} of ${numberText(total)}`);
    this.previous.disabled = this.#page === 1;
    this.next.disabled = last >= total;
    if (wanted && wanted === this.#wanted) this.#reveal(wanted);
  }

  /** @param {string} name @returns {Promise<Candidate[]>} none if there is no such candidate */
  async #find(name) {
    try {
      /** @type {ComparedPrompts} */
      const { candidate } = await this.findings.get("/candidate-prompts", { candidate: name, metric: this.findings.metric });
      return candidate ? [candidate] : [];
    } catch (error) {
      if (error instanceof ServiceError && error.status === 404) return [];
      throw error;
    }
  }

  /** @param {string} name */
  #reveal(name) {
    const line = this.#lines.get(name);
    this.unknown.hidden = line !== undefined;
    setText(this.unknown, line ? "" : `This run has no candidate ${name}.`);
    if (!line || this.#isRevealed) return;
    this.#isRevealed = true; // not again with each refresh
    if (line.rows[1]?.hidden) this.#unfold(line, true);
    line.button.focus({ preventScroll: true });
    line.button.scrollIntoView({ block: "center" });
  }

  /** @param {Candidate} candidate @param {number} digits of the scores */
  #lineOf(candidate, digits) {
    const line = this.#lines.get(candidate.candidate) ?? this.#newLine(candidate);
    line.candidate = candidate;
    const [from, score, evaluations, reported] = line.cells;
    from?.replaceChildren(originOf(candidate));
    const value = make("b", {});
    setMetricText(value, candidate.score, digits);
    score?.replaceChildren(value, " ", make("span", { class: "none" }, examplesText(candidate)));
    if (evaluations) setText(evaluations, numberText(candidate.evaluation_count));
    if (reported) setText(reported, formatTime(candidate.at, this.findings.service.now()));
    return line;
  }

  /** @param {Candidate} candidate @returns {Line} */
  #newLine(candidate) {
    const button = make("button", { type: "button", class: "unfold", "aria-expanded": "false" }, candidate.candidate);
    const cells = COLUMNS.slice(1).map(() => make("td", { role: "cell" }));
    const details = make("td", { role: "cell", colspan: String(COLUMNS.length) });
    const unfolded = make("tr", { role: "row", class: "unfolded" }, details);
    unfolded.hidden = true;
    const row = make("tr", { role: "row" }, make("th", { scope: "row", role: "rowheader" }, button), ...cells);
    const line = { rows: [row, unfolded], cells, button, details, candidate };
    button.addEventListener("click", () => this.#unfold(line, unfolded.hidden));
    return line;
  }

  /** @param {Line} line @param {boolean} isUnfolded */
  #unfold(line, isUnfolded) {
    const [, unfolded] = line.rows;
    if (unfolded) unfolded.hidden = !isUnfolded;
    line.button.setAttribute("aria-expanded", String(isUnfolded));
    line.details.replaceChildren(...(isUnfolded ? [candidateDetails(this.findings, line.candidate)] : []));
  }

  /** @param {number} page @param {string} [order] */
  #go(page, order = this.#order) {
    [this.#page, this.#order, this.#wanted] = [page, order, ""];
    this.unknown.hidden = true;
    this.reload();
  }

  /** @param {string} text @param {number} step */
  #pageButton(text, step) {
    const button = make("button", { type: "button", class: "quiet-button" }, text);
    button.addEventListener("click", () => this.#go(this.#page + step));
    return button;
  }
}
