/**
 * Live charts of the run's metrics over its log.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").LogEntry} LogEntry
 * @typedef {import("./types.js").Curves} Curves
 * @typedef {{x: number, y: import("./number_text.js").Numeric, timestamp: string}} CurvePoint `x` is the number of the log line
 */

import { make, setText } from "./dom.js";
import { LineChart } from "./line_chart.js";
import { isNumeric } from "./number_text.js";
import { thinned } from "./downsample.js";
import { formatTime, displayName } from "./format.js";

const POINTS = 200;
const CURVES_MAX = 20;

export class MetricCurves {
  /**
   * @param {HTMLElement} element
   * @param {{service: Service, domain: string, runNumber: number, lineAddress: (seq: number) => string, signal: AbortSignal}} run
   */
  constructor(element, { service, domain, runNumber, lineAddress, signal }) {
    this.signal = signal;
    this.service = service;
    this.lineAddress = lineAddress;
    this.url = service.address(`/domains/${domain}/training-metrics`, { run: runNumber, points: POINTS });
    this.notice = make("p", { class: "none charts-notice" });
    this.retry = make("button", { type: "button", class: "quiet-button" }, "Try again");
    this.retry.addEventListener("click", () => void this.load());
    this.charts = make("div", { class: "charts" });
    element.replaceChildren(this.notice, this.retry, this.charts);
    /** @type {Map<string, {chart: LineChart<CurvePoint>, points: CurvePoint[]}>} */
    this.curves = new Map();
    /** @type {LogEntry[] | null} entries received while the curves are loading */
    this.waiting = [];
    this.hasFailed = false;
    this.firstSeq = 1;
    this.lastSeq = 0;
    void this.load();
  }

  /** Loads the curves. Entries that arrive meanwhile are appended afterwards. */
  async load() {
    this.waiting = [];
    this.hasFailed = false;
    this.retry.hidden = true;
    setText(this.notice, "Loading metrics…");
    /** @type {Curves} */
    let found;
    try {
      found = await this.service.get(this.url, this.signal);
    } catch (error) {
      if (this.signal.aborted) return;
      setText(this.notice, `Could not load the metric curves: ${error instanceof Error ? error.message : error}`);
      this.retry.hidden = false;
      this.hasFailed = true;
      return;
    }
    setText(this.notice, found.is_exact ? "" : "The log is too long to read completely. The curves show an evenly spaced sample.");
    this.firstSeq = found.first_seq;
    this.lastSeq = found.last_seq;
    for (const { name, points } of found.curves) {
      for (const { seq, value, timestamp } of points) this.#add(name, { x: seq, y: value, timestamp });
    }
    this.#draw(this.curves.keys());
    const entries = this.waiting;
    this.waiting = null;
    if (entries) this.append(entries);
  }

  /** @param {LogEntry[]} entries new ones, oldest first */
  append(entries) {
    if (this.hasFailed) return; // a retry loads them
    if (this.waiting) {
      this.waiting.push(...entries.filter((entry) => entry.metrics));
      return;
    }
    const changed = new Set();
    for (const { seq, timestamp, metrics } of entries) {
      if (seq <= this.lastSeq) continue;
      this.lastSeq = seq;
      for (const [name, value] of Object.entries(metrics ?? {})) {
        if (isNumeric(value) && this.#add(name, { x: seq, y: value, timestamp })) changed.add(name);
      }
    }
    if (changed.size) this.#draw(changed);
  }

  /** @param {string} name @param {CurvePoint} point @returns {boolean} false when the limit of curves is reached */
  #add(name, point) {
    let curve = this.curves.get(name);
    if (!curve) {
      if (this.curves.size === CURVES_MAX) return false;
      curve = { chart: this.#newChart(name), points: [] };
      this.curves.set(name, curve);
      const names = [...this.curves.keys()].sort();
      this.charts.insertBefore(curve.chart.element, this.charts.children[names.indexOf(name)] ?? null);
    }
    curve.points.push(point);
    if (curve.points.length > 2 * POINTS) curve.points = thinned(curve.points, POINTS);
    return true;
  }

  /** @param {Iterable<string>} names */
  #draw(names) {
    for (const name of names) {
      const curve = this.curves.get(name);
      curve?.chart.show(curve.points, this.firstSeq, this.lastSeq);
    }
  }

  /** @param {string} name @returns {LineChart<CurvePoint>} */
  #newChart(name) {
    /** @param {CurvePoint} point */
    const time = ({ timestamp }) => formatTime(timestamp, this.service.now());
    return new LineChart({
      name: displayName(name),
      place: "log line",
      columns: ["Log line", "Time", "Value"],
      cells: (point) => [this.#lineLink(point.x), time(point)],
      about: (point) => `line ${point.x}, ${time(point)}`,
    });
  }

  /** @param {number} seq */
  #lineLink(seq) {
    const href = this.lineAddress(seq);
    const elsewhere = href.startsWith("#") ? {} : { target: "_blank", rel: "noopener" };
    return make("a", { href, ...elsewhere }, String(seq));
  }
}
