/**
 * The tables of the comparison: a row for each compared value, a column for each run.
 *
 * @typedef {import("../types.js").Comparison} Comparison
 * @typedef {{number: number, metrics: import("../types.js").Metrics, words: string}} Reference the run that the others are compared with
 */

import { make } from "../dom.js";
import { jsonText } from "../exact_json.js";
import { difference } from "../metric_difference.js";
import { metricElement } from "../metric_element.js";
import { digitsToTellApart, exactNumberText, isNumeric } from "../number_text.js";
import { durationText } from "../run_text.js";
import { displayName } from "../format.js";

/** @param {string} title @param {string} label @param {Comparison} comparison @param {HTMLElement[]} rows */
export function runsTable(title, label, { runs }, rows) {
  const heads = [title, ...runs.map((run) => `Run ${run.run_number}`)].map((text) => make("th", { scope: "col" }, text));
  const table = make("table", { class: "side-by-side" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  return make("div", { class: "side-frame", role: "region", tabindex: "0", "aria-label": label }, table);
}

/** @param {string} name @param {HTMLElement[]} cells */
function row(name, cells) {
  return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
}

/**
 * @param {Comparison} comparison
 * @param {Reference} reference
 * @param {boolean} isExact whether all digits are shown
 */
export function metricRows(comparison, reference, isExact) {
  return comparison.metrics.map(({ name, values }) => {
    const baseline = reference.metrics[name];
    const digits = isExact ? Infinity : digitsToTellApart([...values, baseline]);
    const cells = values.map((value, place) => {
      if (value === null) return make("td", { class: "none" }, "–");
      const shown = metricElement(value, digits);
      if (comparison.runs[place]?.run_number === reference.number) return make("td", {}, shown, " ", make("span", { class: "difference" }, "baseline"));
      if (!isNumeric(baseline)) return make("td", {}, shown);
      const { text, kind } = difference(name, value, baseline, comparison.higher_is_better);
      return make("td", {}, shown, " ", make("span", { class: `difference ${kind}` }, text));
    });
    return row(displayName(name), cells);
  });
}

/** Bars are relative to the longest phase duration. @param {Comparison} comparison */
export function phaseRows({ phases }) {
  const longest = Math.max(1e-9, ...phases.flatMap(({ seconds }) => seconds.map((one) => one ?? 0)));
  return phases.map(({ phase, seconds }) =>
    row(
      displayName(phase),
      seconds.map((one) => {
        if (one === null) return make("td", { class: "none" }, "not entered");
        const bar = make("span", { class: "phase-bar", "aria-hidden": "true" });
        bar.style.setProperty("--share", `${((100 * one) / longest).toFixed(2)}%`);
        return make("td", {}, bar, make("span", { class: "phase-time" }, durationText(one)));
      }),
    ),
  );
}

/** @param {Comparison["configuration"]} settings */
export function settingRows(settings) {
  return settings.map(({ name, values }) => row(name, values.map((value) => make("td", value === null ? { class: "none" } : {}, settingText(value)))));
}

/** @param {unknown} value */
function settingText(value) {
  if (value === null || value === undefined) return "–";
  if (isNumeric(value)) return exactNumberText(value);
  return typeof value === "string" ? value : jsonText(value);
}
