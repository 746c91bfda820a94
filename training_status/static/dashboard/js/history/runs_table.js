/**
 * The runs table. A run keeps its row element while its content changes.
 *
 * @typedef {import("./run_cells.js").Row} Row
 * @typedef {import("./run_selection.js").RunSelection} RunSelection
 * @typedef {import("../service.js").Service} Service
 * @typedef {{element: HTMLElement, choose: HTMLInputElement, badge: HTMLElement, pin: HTMLButtonElement, cells: HTMLElement[], run: Row, shown: string}} Line
 */

import { runAddress } from "../addresses.js";
import { make, setText } from "../dom.js";
import { jsonText } from "../exact_json.js";
import { digitsToTellApart } from "../number_text.js";
import { RUNS_MAX } from "./run_selection.js";
import { modelCell, metrics, notesCell, shownMetrics, started, state, taken } from "./run_cells.js";

const COLUMNS = ["Compare", "Run", "State", "Started", "Duration", "Metrics", "Tags and note"];

/** The fields that a row shows: it is redrawn when one of them changes. */
const SHOWN = /** @type {const} */ (["status", "health", "failure_reason", "error_message", "started_at", "completed_at", "metrics", "baseline_metrics", "higher_is_better", "tags", "note"]);

export class RunsTable {
  /**
   * @param {HTMLElement} element
   * @param {{domain: string, service: Service, selection: RunSelection, mayPin: boolean, onPin: (number: number | null) => void}} options
   */
  constructor(element, options) {
    this.options = options;
    const heads = COLUMNS.map((name) => make("th", { scope: "col", role: "columnheader" }, name));
    this.metricsHead = /** @type {HTMLElement} */ (heads[5]);
    this.body = make("tbody", { role: "rowgroup" });
    // Explicit roles, because the narrow layout's CSS removes the implicit ones.
    const head = make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads));
    element.replaceChildren(make("table", { class: "runs", role: "table", "aria-labelledby": "runs-heading" }, head, this.body));
    /** @type {Map<number, Line>} */
    this.lines = new Map();
    this.today = new Date(options.service.now()).toDateString();
    /** @type {number | null} */
    this.baseline = null;
    /** @type {Map<string, number>} of each metric, enough to distinguish the runs */
    this.digits = new Map();
  }

  /** @param {Row[]} runs newest first @param {number | null} baseline the pinned run */
  show(runs, baseline) {
    this.baseline = baseline;
    setText(this.metricsHead, baseline === null ? "Metrics, compared with the previous completed run" : `Metrics, compared with run ${baseline}`);
    const before = this.lines;
    this.lines = new Map(runs.map((run) => [run.run_number, before.get(run.run_number) ?? this.#newLine(run)]));
    for (const run of runs) this.#lineOf(run);
    this.#draw();
    const elements = [...this.lines.values()].map((line) => line.element);
    // Existing rows are not moved: they may contain the focus.
    for (const element of [...this.body.children]) if (!elements.includes(/** @type {HTMLElement} */ (element))) element.remove();
    elements.forEach((element, place) => {
      if (this.body.children[place] !== element) this.body.insertBefore(element, this.body.children[place] ?? null);
    });
    this.showSelection();
  }

  /** @param {Row} run */
  update(run) {
    this.#lineOf(run);
    this.#draw();
  }

  /** Stores the new data of a run. @param {Row} run */
  #lineOf(run) {
    const line = this.lines.get(run.run_number);
    if (line) line.run = run;
  }

  /** Redraws all rows whose content has changed. */
  #draw() {
    this.digits = digitsOf([...this.lines.values()].map((line) => line.run));
    for (const line of this.lines.values()) this.#show(line);
  }

  /** @param {Line} line */
  #show(line) {
    const { run } = line;
    const { mayPin } = this.options;
    const isBaseline = run.run_number === this.baseline;
    line.badge.hidden = !isBaseline;
    line.pin.hidden = !mayPin || run.status !== "completed";
    setText(line.pin, isBaseline ? "Unpin" : "Pin as baseline");
    line.pin.setAttribute("aria-label", `${isBaseline ? "Unpin" : "Pin as baseline"}: run ${run.run_number}`);
    const shown = jsonText([...SHOWN.map((name) => run[name]), Object.keys(run.metrics).map((name) => this.digits.get(name))]);
    if (shown === line.shown) return;
    line.shown = shown;
    const now = this.options.service.now();
    [state(run), started(run, now), taken(run, now), metrics(run, this.digits), notesCell(run)].forEach((content, place) => line.cells[place]?.replaceChildren(...content));
  }

  /** Updates the checkboxes. */
  showSelection() {
    const { runs } = this.options.selection;
    for (const [number, { choose }] of this.lines) {
      choose.checked = runs.includes(number);
      choose.disabled = !choose.checked && runs.length >= RUNS_MAX;
    }
  }

  /** Updates what depends on the time, once a second. */
  tick() {
    const now = this.options.service.now();
    this.#beginDay(new Date(now).toDateString());
    for (const { run, cells } of this.lines.values()) {
      if (run.started_at === null || run.completed_at) continue;
      const [text] = taken(run, now);
      const first = cells[2]?.firstChild;
      if (first && typeof text === "string" && first.textContent !== text) first.textContent = text;
    }
  }

  /** Redraws start times when the date changes, as they omit today's date. @param {string} today */
  #beginDay(today) {
    if (today === this.today) return;
    this.today = today;
    for (const line of this.lines.values()) {
      line.shown = "";
      this.update(line.run);
    }
  }

  /** @param {Row} run @returns {Line} */
  #newLine(run) {
    const { domain, selection, onPin } = this.options;
    const number = run.run_number;
    const choose = make("input", { type: "checkbox", "aria-label": `Compare run ${number}` });
    choose.addEventListener("change", () => selection.setRun(number, choose.checked));
    const badge = make("span", { class: "badge" }, "baseline");
    const pin = make("button", { type: "button", class: "link pin" });
    pin.addEventListener("click", () => onPin(this.baseline === number ? null : number));
    const cells = COLUMNS.slice(2).map(() => make("div"));
    const tds = [
      make("td", { role: "cell", class: "choose" }, make("div", {}, choose)),
      make("th", { scope: "row", role: "rowheader" }, make("a", { href: runAddress(domain, number) }, `Run ${number}`), " ", badge, modelCell(run), pin),
      ...cells.map((cell) => make("td", { role: "cell" }, cell)),
    ];
    tds.forEach((cell, place) => cell.setAttribute("data-column", COLUMNS[place] ?? ""));
    return { element: make("tr", { role: "row" }, ...tds), choose, badge, pin, cells, run, shown: "" };
  }
}

/**
 * The digits that distinguish the values of each metric in the table and their baselines.
 *
 * @param {Row[]} runs
 */
function digitsOf(runs) {
  /** @type {Map<string, unknown[]>} */
  const values = new Map();
  for (const run of runs) {
    for (const [name, value] of shownMetrics(run)) {
      const known = values.get(name) ?? [];
      known.push(value, run.baseline_metrics?.[name]);
      values.set(name, known);
    }
  }
  return new Map([...values].map(([name, found]) => [name, digitsToTellApart(found)]));
}
