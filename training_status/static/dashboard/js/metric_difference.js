/** What a metric is against another run's: the difference in words and sign, and which direction is better. */

import { metricValue } from "./words.js";

/** @typedef {{text: string, kind: "better" | "worse" | "same" | "none"}} Difference */

const LESS_IS_BETTER = new Set(["loss", "losses", "error", "errors", "latency", "duration", "cost", "costs"]);
const UNITS_OF_TIME = new Set(["ms", "s"]);

/** @param {string} name whether a smaller value of the metric is the better one, as far as its name says */
export function lessIsBetter(name) {
  const parts = name.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase().split(/[^a-z0-9]+/);
  return parts.some((part) => LESS_IS_BETTER.has(part)) || (parts.length > 1 && UNITS_OF_TIME.has(parts.at(-1) ?? ""));
}

/**
 * `+0.12, better`, `-0.03, worse`, `same` or `no baseline`: of the values as they are shown, so that it adds up.
 *
 * @param {string} name
 * @param {number} value
 * @param {unknown} baseline
 * @returns {Difference}
 */
export function difference(name, value, baseline) {
  if (typeof baseline !== "number") return { text: "no baseline", kind: "none" };
  const change = Number((Number(metricValue(value)) - Number(metricValue(baseline))).toPrecision(4));
  if (change === 0) return { text: "same", kind: "same" };
  const kind = change > 0 === lessIsBetter(name) ? "worse" : "better";
  return { text: `${change > 0 ? "+" : ""}${change}, ${kind}`, kind };
}

/**
 * The numeric ones of some metrics, by name.
 *
 * @param {import("./types.js").Metrics} metrics
 * @returns {[string, number][]}
 */
export function numericMetrics(metrics) {
  /** @type {[string, number][]} */
  const found = [];
  for (const [name, value] of Object.entries(metrics)) if (typeof value === "number") found.push([name, value]);
  return found.sort(([one], [other]) => (one < other ? -1 : 1));
}
