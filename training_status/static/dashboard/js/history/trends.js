/**
 * Charts of the metrics over the completed runs. Each point links to its run.
 *
 * @typedef {import("./run_cells.js").Row} Row
 * @typedef {import("./run_selection.js").RunSelection} RunSelection
 * @typedef {{x: number, y: import("../number_text.js").Numeric}} Point `x` is the number of the run
 */

import { runAddress } from "../addresses.js";
import { make, getElement, setText } from "../dom.js";
import { LineChart } from "../line_chart.js";
import { numericMetrics } from "../metric_difference.js";
import { displayName } from "../format.js";

const CHARTS_MAX = 12;
const NAMES_MAX = 60;

export class Trends {
  /** @param {{domain: string, selection: RunSelection}} options */
  constructor({ domain, selection }) {
    this.domain = domain;
    this.selection = selection;
    this.charts = getElement("trend-charts");
    this.names = getElement("trend-names");
    /** @type {Map<string, LineChart<Point>>} */
    this.chartOf = new Map();
    /** @type {Map<string, Point[]>} */
    this.trends = new Map();
    this.ends = { oldest: 0, newest: 0 };
  }

  /** Shows metrics of at least two completed runs, those of most runs first. @param {Row[]} runs newest first */
  show(runs) {
    /** @type {Map<string, Point[]>} */
    const found = new Map();
    for (const run of runs.filter((one) => one.status === "completed").reverse()) {
      for (const [name, y] of numericMetrics(run.metrics)) found.set(name, [...(found.get(name) ?? []), { x: run.run_number, y }]);
    }
    const told = [...found].filter(([, points]) => points.length > 1);
    told.sort(([one, points], [other, others]) => others.length - points.length || (one < other ? -1 : 1));
    const before = [...this.trends.keys()].join("\n");
    this.trends = new Map(told.slice(0, NAMES_MAX));
    this.ends = { oldest: runs.at(-1)?.run_number ?? 0, newest: runs[0]?.run_number ?? 0 };
    getElement("trends").hidden = told.length === 0;
    setText(getElement("trends-heading"), `Metrics of completed runs ${this.ends.oldest} to ${this.ends.newest}`);
    if ([...this.trends.keys()].join("\n") !== before) this.#offer();
    this.draw();
  }

  /** Draws the selected charts. */
  draw() {
    const names = this.#chosen();
    const elements = names.map((name) => {
      const chart = this.chartOf.get(name) ?? this.#newChart(name);
      this.chartOf.set(name, chart);
      chart.show(this.trends.get(name) ?? [], this.ends.oldest, this.ends.newest);
      return chart.element;
    });
    if (elements.length !== this.charts.children.length || elements.some((element, place) => element !== this.charts.children[place])) {
      this.charts.replaceChildren(...elements);
    }
  }

  #chosen() {
    const names = [...this.trends.keys()];
    const { metrics } = this.selection;
    return metrics === null ? names.slice(0, CHARTS_MAX) : names.filter((name) => metrics.includes(name));
  }

  /** Creates the checkboxes of the metrics. */
  #offer() {
    const chosen = this.#chosen();
    const boxes = [...this.trends.keys()].map((name) => {
      const box = make("input", { type: "checkbox", value: name });
      box.checked = chosen.includes(name);
      box.addEventListener("change", () => this.#choose());
      return make("label", {}, box, " ", displayName(name));
    });
    this.names.replaceChildren(make("legend", { class: "unseen" }, "Metrics shown"), ...boxes);
    this.names.hidden = boxes.length < 2;
  }

  #choose() {
    const ticked = [...this.names.querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value);
    const usual = [...this.trends.keys()].slice(0, CHARTS_MAX);
    this.selection.setMetrics(ticked.join("\n") === usual.join("\n") ? null : ticked);
    this.draw();
  }

  /** @param {string} name @returns {LineChart<Point>} */
  #newChart(name) {
    return new LineChart({
      name: displayName(name),
      place: "run",
      columns: ["Run", "Value"],
      cells: ({ x }) => [make("a", { href: runAddress(this.domain, x) }, String(x))],
      about: ({ x }) => `run ${x}`,
      address: ({ x }) => runAddress(this.domain, x),
    });
  }
}
