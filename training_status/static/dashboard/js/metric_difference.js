/** The difference between a metric and its baseline, and whether it is better or worse, where that is known. */

import { differenceText, isNumeric } from "./number_text.js";

/** @typedef {import("./number_text.js").Numeric} Numeric */
/** @typedef {import("./types.js").HigherIsBetter} HigherIsBetter */
/** @typedef {{text: string, kind: "better" | "worse" | "different" | "same" | "none"}} Difference */

/**
 * `+0.12, better`, `-0.03, worse`, `+8` where the direction of the metric is unknown, `no baseline`, or `same`, which
 * only equal values are.
 *
 * @param {string} name
 * @param {Numeric} value
 * @param {unknown} baseline
 * @param {HigherIsBetter} higherIsBetter as the service says
 * @returns {Difference}
 */
export function difference(name, value, baseline, higherIsBetter) {
  if (!isNumeric(baseline)) return { text: "no baseline", kind: "none" };
  const change = differenceText(value, baseline);
  if (change === "same") return { text: change, kind: "same" };
  if (!Object.hasOwn(higherIsBetter, name)) return { text: change, kind: "different" };
  const kind = change.startsWith("+") === higherIsBetter[name] ? "better" : "worse";
  return { text: `${change}, ${kind}`, kind };
}

/**
 * The numeric ones of some metrics, by name.
 *
 * @param {import("./types.js").Metrics} metrics
 * @returns {[string, Numeric][]}
 */
export function numericMetrics(metrics) {
  /** @type {[string, Numeric][]} */
  const found = [];
  for (const [name, value] of Object.entries(metrics)) if (isNumeric(value)) found.push([name, value]);
  return found.sort(([one], [other]) => (one < other ? -1 : 1));
}
