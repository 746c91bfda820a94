/**
 * A chart of one metric of several runs over the time since their start. Lines differ in colour and dashes.
 *
 * @typedef {{title: string, line: number, points: {x: number, y: import("../number_text.js").Numeric}[]}} Series `x` in seconds since the run's start
 */

import { make } from "../dom.js";
import { numberTexts } from "../number_text.js";
import { durationText } from "../run_text.js";
import { positionOn, niceScale, reserveLabelWidth, tickText } from "../scale.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const HEIGHT = 100;
const UNITS = /** @type {const} */ ([["h", 3600], ["min", 60], ["s", 1]]);

/** @param {string} name @param {Series[]} courses */
export function overlaidChart(name, courses) {
  const points = courses.flatMap((course) => course.points);
  const longest = Math.max(...points.map((point) => point.x), 0);
  const [unit, inUnit] = UNITS.find(([, seconds]) => longest >= 2 * seconds) ?? ["s", 1];
  const x = niceScale(0, longest / inUnit, 3);
  const values = points.map((point) => Number(point.y));
  const y = niceScale(Math.min(...values), Math.max(...values), 3);
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true");
  const top = (/** @type {number} */ value) => ((1 - positionOn(y, value)) * HEIGHT).toFixed(2);
  const left = (/** @type {number} */ seconds) => (positionOn(x, seconds / inUnit) * WIDTH).toFixed(1);
  drawing.append(path("chart-grid", y.ticks.map((tick) => `M0 ${top(tick)}H${WIDTH}`).join("")));
  for (const { line, points: own } of courses) {
    const places = own.map((point) => `${left(point.x)} ${top(Number(point.y))}`);
    drawing.append(path(`chart-line run-line-${line}`, places.length > 1 ? `M${places.join("L")}` : `M${places[0]}h0`));
  }
  const ends = numberTexts(courses.map(({ points: own }) => own.at(-1)?.y ?? 0));
  const told = courses.map(({ title, points: own }, place) => `${title} ends at ${ends[place]} after ${durationText(own.at(-1)?.x ?? 0)}`);
  const plot = make("div", { class: "chart-plot", role: "img", "aria-label": `${name} over time: ${told.join("; ")}` });
  const beside = labels("chart-y", "top", y, (share) => 1 - share);
  plot.append(beside, drawing, make("span", { class: "chart-unit" }, unit), labels("chart-x", "left", x, (share) => share));
  reserveLabelWidth(beside, /** @type {HTMLElement[]} */ ([...beside.children]));
  return make("figure", { class: "chart" }, make("figcaption", {}, make("span", { class: "chart-name" }, name)), plot);
}

/** A sample of a run's line for the legend. @param {number} line */
export function lineSample(line) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 32 8");
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("class", "line-sample");
  drawing.append(path(`chart-line run-line-${line}`, "M1 4H31"));
  return drawing;
}

/** @param {string} name @param {string} data */
function path(name, data) {
  const element = document.createElementNS(SVG, "path");
  element.setAttribute("class", name);
  element.setAttribute("d", data);
  return element;
}

/** @param {string} name @param {"top" | "left"} side @param {import("../scale.js").Scale} scale @param {(share: number) => number} placed */
function labels(name, side, scale, placed) {
  const texts = scale.ticks.map((tick) => {
    const one = make("span", {}, tickText(tick));
    one.style.setProperty(side, `${(placed(positionOn(scale, tick)) * 100).toFixed(2)}%`);
    return one;
  });
  return make("div", { class: name }, ...texts);
}
