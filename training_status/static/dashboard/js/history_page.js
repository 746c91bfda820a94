/** The page of all runs of a domain. */

import { given, make, part } from "./dom.js";
import { LineChart } from "./line_chart.js";
import { difference, numericMetrics } from "./metric_difference.js";
import { Service } from "./service.js";
import { clock, duration, metricValue, stateClass, stateWords, words } from "./words.js";

/**
 * @typedef {import("./types.js").Run} Run
 * @typedef {Pick<Run, "run_number" | "status" | "health" | "failure_reason" | "error_message" | "started_at"
 *   | "elapsed_time_ms" | "completed_at" | "metrics" | "baseline_metrics" | "tags" | "note" | "optimizer" | "llm_model">} Row
 * @typedef {{x: number, y: number}} Point `x` is the number of the run
 */

const CHARTS_MAX = 12;
const METRICS_IN_A_ROW = 12;
const COLUMNS = ["Run", "State", "Started", "Duration", "Metrics, against the completed run before", "Tags and note"];

/** @type {{domain: string, runs: Row[], now: string}} */
const page = given("page");
const service = new Service();
service.learnClock(page.now);
if (page.runs.length) {
  part("runs").replaceChildren(table(page.runs));
  showTrends(page.runs);
}

/** @param {Row[]} runs */
function table(runs) {
  const heads = COLUMNS.map((name) => make("th", { scope: "col", role: "columnheader" }, name));
  // The roles are said, because the narrow layout takes the table's own away.
  return make(
    "table",
    { class: "runs", role: "table", "aria-labelledby": "runs-heading" },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads)),
    make("tbody", { role: "rowgroup" }, ...runs.map(row)),
  );
}

/** @param {Row} run */
function row(run) {
  const number = make("a", { href: runAddress(run.run_number) }, `Run ${run.run_number}`);
  const madeWith = [run.optimizer, run.llm_model].filter(Boolean).join(" · ");
  const cells = [
    make("th", { scope: "row", role: "rowheader" }, number, make("span", { class: "about" }, madeWith)),
    ...[state(run), started(run), taken(run), metrics(run), remarks(run)].map((content) => make("td", { role: "cell" }, make("div", {}, ...content))),
  ];
  cells.forEach((cell, index) => cell.setAttribute("data-column", COLUMNS[index] ?? ""));
  return make("tr", { role: "row" }, ...cells);
}

/** @param {number} number */
function runAddress(number) {
  return `/domains/${encodeURIComponent(page.domain)}/runs/${number}`;
}

/** @param {Row} run */
function state(run) {
  const shown = make("span", { class: `state ${stateClass(run)}` }, stateWords(run));
  return run.error_message ? [shown, make("span", { class: "about error" }, firstLine(run.error_message))] : [shown];
}

/** @param {string} text */
function firstLine(text) {
  const line = text.trim().split("\n", 1)[0] ?? "";
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

/** @param {Row} run */
function started(run) {
  if (run.started_at === null) return [none("not yet")];
  return [make("time", { datetime: run.started_at }, clock(run.started_at, service.now()))];
}

/** @param {Row} run */
function taken(run) {
  if (run.elapsed_time_ms === null) return [none("–")];
  const text = duration(run.elapsed_time_ms / 1000);
  return run.completed_at ? [text] : [text, make("span", { class: "about" }, "so far")];
}

/** @param {Row} run */
function metrics(run) {
  const numbers = numericMetrics(run.metrics);
  if (!numbers.length) return [none("none")];
  const lines = numbers.slice(0, METRICS_IN_A_ROW).map(([name, value]) => {
    const line = make("span", { class: "metric" }, make("span", { class: "metric-name" }, words(name)), " ", make("b", {}, metricValue(value)));
    const before = run.baseline_metrics?.[name];
    if (typeof before === "number") {
      const { text, kind } = difference(name, value, before);
      line.append(" ", make("span", { class: `difference ${kind}` }, text));
    }
    return line;
  });
  const left = numbers.length - lines.length;
  return [make("div", { class: "run-metrics" }, ...lines), ...(left ? [make("span", { class: "about" }, `and ${left} more`)] : [])];
}

/** @param {Row} run */
function remarks(run) {
  const tags = run.tags.map((tag) => make("li", {}, tag));
  return [
    ...(tags.length ? [make("ul", { class: "tags", "aria-label": "Tags" }, ...tags)] : []),
    ...(run.note ? [make("p", { class: "note" }, run.note)] : []),
  ];
}

/** @param {string} text */
function none(text) {
  return make("span", { class: "none" }, text);
}

/** A chart for each metric that two completed runs have, those of most runs first. @param {Row[]} runs */
function showTrends(runs) {
  /** @type {Map<string, Point[]>} */
  const trends = new Map();
  for (const run of runs.filter((one) => one.status === "completed").reverse()) {
    for (const [name, y] of numericMetrics(run.metrics)) {
      trends.set(name, [...(trends.get(name) ?? []), { x: run.run_number, y }]);
    }
  }
  const told = [...trends].filter(([, points]) => points.length > 1);
  told.sort(([one, points], [other, others]) => others.length - points.length || (one < other ? -1 : 1));
  const [newest, oldest] = [runs[0]?.run_number ?? 0, runs.at(-1)?.run_number ?? 0];
  for (const [name, points] of told.slice(0, CHARTS_MAX)) {
    const chart = newChart(name);
    chart.show(points, oldest, newest);
    part("trend-charts").append(chart.element);
  }
  part("trends-heading").textContent = `Metrics of the completed runs from ${oldest} to ${newest}`;
  part("trends").hidden = told.length === 0;
}

/** @param {string} name @returns {LineChart<Point>} */
function newChart(name) {
  return new LineChart({
    name: words(name),
    place: "run",
    columns: ["Run", "Value"],
    cells: ({ x, y }) => [make("a", { href: runAddress(x) }, String(x)), metricValue(y)],
    reading: ({ x, y }) => `${metricValue(y)} · run ${x}`,
  });
}
