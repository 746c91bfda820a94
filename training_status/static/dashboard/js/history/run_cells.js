/**
 * The cell contents of a run in the runs table.
 *
 * @typedef {import("../types.js").Run} Run
 * @typedef {Pick<Run, "run_number" | "training_run_id" | "status" | "health" | "failure_reason" | "error_message" | "started_at"
 *   | "elapsed_time_ms" | "completed_at" | "metrics" | "baseline_metrics" | "higher_is_better" | "tags" | "note" | "optimizer" | "llm_model">} Row
 */

import { make } from "../dom.js";
import { difference, numericMetrics } from "../metric_difference.js";
import { metricElement } from "../metric_element.js";
import { isNumeric } from "../number_text.js";
import { durationText, secondsSince, stateClass, stateText } from "../run_text.js";
import { oneLine, visibleText } from "../visible_text.js";
import { displayName, formatTime } from "../format.js";

const METRICS_IN_A_ROW = 12;

/** @param {Row} run */
export function modelCell(run) {
  return make("span", { class: "about" }, [run.optimizer, run.llm_model].flatMap((name) => (name ? [oneLine(name)] : [])).join(" · "));
}

/** @param {Row} run */
export function state(run) {
  const shown = make("span", { class: `state ${stateClass(run)}` }, stateText(run));
  return run.error_message ? [shown, make("span", { class: "about error", dir: "auto" }, firstLine(run.error_message))] : [shown];
}

/** @param {Row} run @param {number} now in ms */
export function started(run, now) {
  if (run.started_at === null) return [none("not started")];
  return [make("time", { datetime: run.started_at }, formatTime(run.started_at, now))];
}

/** @param {Row} run @param {number} now in ms */
export function taken(run, now) {
  if (run.started_at === null || run.elapsed_time_ms === null) return [none("–")];
  if (run.completed_at) return [durationText(run.elapsed_time_ms / 1000)];
  return [durationText(secondsSince(run.started_at, now)), make("span", { class: "about" }, "so far")];
}

/** The metrics shown in a row. @param {Row} run */
export function shownMetrics(run) {
  return numericMetrics(run.metrics).slice(0, METRICS_IN_A_ROW);
}

/** @param {Row} run @param {ReadonlyMap<string, number>} digits of each metric, enough to distinguish the runs */
export function metrics(run, digits) {
  const shown = shownMetrics(run);
  if (!shown.length) return [none("none")];
  const lines = shown.map(([name, value]) => {
    const line = make("span", { class: "metric" }, make("span", { class: "metric-name" }, displayName(name)), " ", metricElement(value, digits.get(name)));
    const before = run.baseline_metrics?.[name];
    if (isNumeric(before)) {
      const { text, kind } = difference(name, value, before, run.higher_is_better);
      line.append(" ", make("span", { class: `difference ${kind}` }, text));
    }
    return line;
  });
  const left = numericMetrics(run.metrics).length - lines.length;
  return [make("div", { class: "run-metrics" }, ...lines), ...(left ? [make("span", { class: "about" }, `and ${left} more`)] : [])];
}

/** @param {Row} run */
export function notesCell(run) {
  const tags = run.tags.map((tag) => make("li", { dir: "auto" }, tag));
  return [
    ...(tags.length ? [make("ul", { class: "tags", "aria-label": "Tags" }, ...tags)] : []),
    ...(run.note ? [make("p", { class: "note", dir: "auto" }, run.note)] : []),
  ];
}

/** @param {string} text */
function none(text) {
  return make("span", { class: "none" }, text);
}

/** @param {string} text */
function firstLine(text) {
  const line = visibleText(text).trim().split("\n", 1)[0] ?? "";
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
