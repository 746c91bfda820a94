/** The difference between a metric and its baseline, and whether it is better or worse. */

import { differenceText, isNumeric } from "./number_text.js";

/** @typedef {import("./number_text.js").Numeric} Numeric */
/** @typedef {{text: string, kind: "better" | "worse" | "same" | "none"}} Difference */

const LESS_IS_BETTER = new Set(["loss", "losses", "error", "errors", "latency", "duration", "cost", "costs"]);
const UNITS_OF_TIME = new Set(["ms", "s"]);

/** @param {string} name whether a smaller value of the metric is the better one, as far as its name says */
export function lessIsBetter(name) {
  const parts = name.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase().split(/[^a-z0-9]+/);
  return parts.some((part) => LESS_IS_BETTER.has(part)) || (parts.length > 1 && UNITS_OF_TIME.has(parts.at(-1) ?? ""));
}

/**
 * `+0.12, better`, `-0.03, worse`, `no baseline`, or `same`, which only equal values are.
 *
 * @param {string} name
 * @param {Numeric} value
 * @param {unknown} baseline
 * @returns {Difference}
 */
export function difference(name, value, baseline) {
  if (!isNumeric(baseline)) return { text: "no baseline", kind: "none" };
  const change = differenceText(value, baseline);
  if (change === "same") return { text: change, kind: "same" };
  const kind = change.startsWith("+") === lessIsBetter(name) ? "worse" : "better";
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
