/**
 * The run's metrics compared with the baseline, each with a bar and the difference.
 *
 * @typedef {import("./types.js").Status} Status
 */

import { make, setText } from "./dom.js";
import { difference } from "./metric_difference.js";
import { allDigitsSwitch, areShortened, setMetricText } from "./metric_element.js";
import { digitsToTellApart, isNumeric } from "./number_text.js";
import { positionOn, niceScale, tickText } from "./scale.js";
import { formatMetric, displayName } from "./format.js";

/** @typedef {{row: HTMLElement, bar: HTMLElement, scale: HTMLElement, value: HTMLElement, baseline: HTMLElement, difference: HTMLElement}} Row */

const WHOLE = { low: 0, high: 1, ticks: [0, 1] };

export class MetricsView {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.none = make("p", { class: "none" }, "No metrics yet.");
    this.list = make("ul", { class: "metric-rows" });
    this.legend = make("p", { class: "metric-legend" });
    this.legend.hidden = true;
    this.isExact = false;
    this.allDigits = allDigitsSwitch((isExact) => {
      this.isExact = isExact;
      if (this.status) this.update(this.status);
    });
    this.allDigits.hidden = true;
    element.replaceChildren(this.none, this.list, this.allDigits, this.legend);
    /** @type {Pick<Status, "metrics" | "baseline_metrics" | "baseline_run_number" | "higher_is_better" | "completed_at"> | null} */
    this.status = null;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
  }

  /** @param {NonNullable<MetricsView["status"]>} status */
  update(status) {
    this.status = status;
    const baselines = status.baseline_metrics ?? {};
    const directions = status.higher_is_better ?? {}; // an earlier service, which the component may show, does not say it
    const metrics = Object.entries(status.metrics).sort(byKindAndName);
    const names = metrics.map(([name]) => name);
    if (names.join("\n") !== [...this.rows.keys()].join("\n")) this.#build(names);
    for (const [name, value] of metrics) {
      const row = this.rows.get(name);
      const baseline = Object.hasOwn(baselines, name) ? baselines[name] : null;
      if (row && isNumeric(value)) showNumber(row, name, value, baseline, directions, this.isExact);
      else if (row) showText(row, formatMetric(value), baseline);
    }
    const hidden = !metrics.some(([name, value]) => areShortened([value, baselines[name]]));
    if (this.allDigits.hidden !== hidden) this.allDigits.hidden = hidden;
    const hasBaseline = metrics.some(([name, value]) => isNumeric(value) && isNumeric(baselines[name]));
    if (this.legend.hidden === hasBaseline) this.legend.hidden = !hasBaseline;
    if (hasBaseline) setText(this.legend, `Compared with run ${status.baseline_run_number}. │ marks the baseline.`);
    this.none.hidden = metrics.length > 0;
    if (metrics.length === 0) setText(this.none, status.completed_at ? "No metrics reported." : "No metrics yet.");
  }

  /** @param {string[]} names */
  #build(names) {
    this.rows = new Map(names.map((name) => [name, this.rows.get(name) ?? newRow(name)]));
    this.list.replaceChildren(...[...this.rows.values()].map(({ row }) => row));
  }
}

/**
 * @param {[string, unknown]} one
 * @param {[string, unknown]} other sorted after numbers, then by name
 */
function byKindAndName([one, value], [other, otherValue]) {
  const kinds = Number(isNumeric(otherValue)) - Number(isNumeric(value));
  return kinds || (one < other ? -1 : 1);
}

/** @param {string} name @returns {Row} */
function newRow(name) {
  const bar = make("span", { class: "metric-bar", "aria-hidden": "true" });
  const scale = make("span", { class: "metric-scale" });
  const value = make("b", { class: "metric-value" });
  const baseline = make("span", { class: "metric-baseline" });
  const change = make("span", { class: "metric-difference" });
  const label = make("span", { class: "metric-name" }, displayName(name));
  const row = make("li", {}, label, " ", bar, value, " ", change, " ", baseline, " ", scale);
  return { row, bar, scale, value, baseline, difference: change };
}

/**
 * @param {Row} row
 * @param {string} name
 * @param {import("./number_text.js").Numeric} value
 * @param {unknown} baseline
 * @param {import("./types.js").HigherIsBetter} higherIsBetter
 * @param {boolean} isExact
 */
function showNumber(row, name, value, baseline, higherIsBetter, isExact) {
  const numbers = isNumeric(baseline) ? [value, baseline] : [value];
  const digits = isExact ? Infinity : digitsToTellApart(numbers);
  const values = numbers.map(Number);
  const isShare = values.every((one) => one >= 0 && one <= 1);
  const scale = isShare ? WHOLE : niceScale(Math.min(0, ...values), Math.max(0, ...values), 2);
  const zero = positionOn(scale, 0);
  const place = positionOn(scale, Number(value));
  const { text, kind } = difference(name, value, baseline, higherIsBetter);
  row.row.className = kind;
  setShare(row.bar, "--from", Math.min(zero, place));
  setShare(row.bar, "--to", Math.max(zero, place));
  if (isNumeric(baseline)) setShare(row.bar, "--baseline", positionOn(scale, Number(baseline)));
  row.bar.classList.toggle("has-baseline", isNumeric(baseline));
  setMetricText(row.value, value, digits);
  setText(row.difference, text);
  setBaselineText(row, isNumeric(baseline) ? baseline : null, digits);
  setText(row.scale, isShare ? "" : `scale ${tickText(scale.low)} to ${tickText(scale.high)}`);
}

/** @param {Row} row @param {string} value @param {unknown} baseline */
function showText(row, value, baseline) {
  row.row.className = "text";
  setMetricText(row.value, value);
  setText(row.difference, "");
  setBaselineText(row, baseline);
  setText(row.scale, "");
}

/** @param {Row} row @param {unknown} baseline null without a baseline @param {number} [digits] */
function setBaselineText(row, baseline, digits) {
  if (baseline !== null) return setMetricText(row.baseline, baseline, digits, "baseline ");
  setMetricText(row.baseline, "");
}

/** @param {HTMLElement} element @param {string} property @param {number} share */
function setShare(element, property, share) {
  element.style.setProperty(property, `${(share * 100).toFixed(2)}%`);
}
