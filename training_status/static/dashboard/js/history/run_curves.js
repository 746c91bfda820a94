/**
 * The metric curves of the selected runs in shared charts.
 *
 * @typedef {import("../service.js").Service} Service
 * @typedef {import("../types.js").Comparison} Comparison
 * @typedef {import("../types.js").Curves} Curves
 * @typedef {import("./overlaid_chart.js").Series} Series
 */

import { ServiceError } from "../connection/service_error.js";
import { make } from "../dom.js";
import { displayName } from "../format.js";
import { lineSample, overlaidChart } from "./overlaid_chart.js";

const POINTS = 100;
const CHARTS_MAX = 12;
const RUNS_MAX = 8; // more lines than that cannot be told apart

/**
 * Loads the curves and returns the elements to show. Throws an AbortError once `signal` is aborted.
 *
 * @param {Service} service
 * @param {Comparison} comparison
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLElement[]>}
 */
export async function curvesOf(service, comparison, signal) {
  const runs = comparison.runs.slice(0, RUNS_MAX);
  /** @type {Map<string, Series[]>} */
  const courses = new Map();
  const path = `/domains/${encodeURIComponent(comparison.domain_name)}/training-metrics`;
  /** @type {Curves[]} */
  let found;
  try {
    found = await Promise.all(runs.map((run) => /** @type {Promise<Curves>} */ (service.get(service.address(path, { run: run.run_number, points: POINTS }), signal))));
  } catch (error) {
    if (signal.aborted || !(error instanceof ServiceError)) throw error;
    return [make("p", { class: "none" }, `Could not load the curves: ${error.message}`)];
  }
  found.forEach(({ curves }, line) => {
    const run = runs[line];
    for (const { name, points } of curves) {
      const first = Date.parse(run?.started_at ?? points[0]?.timestamp ?? "");
      const own = points.map((point) => ({ x: Math.max(0, (Date.parse(point.timestamp) - first) / 1000), y: point.value }));
      courses.set(name, [...(courses.get(name) ?? []), { title: `run ${run?.run_number}`, line, points: own }]);
    }
  });
  if (courses.size === 0) return [make("p", { class: "none" }, "None of these runs reported metrics during the training.")];
  const legend = make("ul", { class: "line-legend", "aria-label": "Lines" }, ...runs.map((run, line) => make("li", {}, lineSample(line), ` run ${run.run_number}`)));
  const told = [...courses].sort(([one, own], [other, others]) => others.length - own.length || (one < other ? -1 : 1));
  const charts = make("div", { class: "charts" }, ...told.slice(0, CHARTS_MAX).map(([name, own]) => overlaidChart(displayName(name), own)));
  const left = comparison.runs.length - runs.length;
  const exact = found.every((one) => one.is_exact) ? [] : [make("p", { class: "none" }, "At least one log is too long to read completely. Its curves show an evenly spaced sample.")];
  return [legend, charts, ...exact, ...(left ? [make("p", { class: "none" }, `The curves of the first ${RUNS_MAX} runs are shown.`)] : [])];
}
