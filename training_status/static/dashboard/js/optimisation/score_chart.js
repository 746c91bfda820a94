/**
 * A scatter of evaluations: discs for full ones, squares for minibatches, and a line for the best so far.
 *
 * It is a slider for the keyboard: the arrow keys go from evaluation to evaluation, Enter to the candidate.
 *
 * @typedef {import("./score_points.js").ScorePoint} ScorePoint
 * @typedef {import("./score_points.js").ScorePoints} ScorePoints
 * @typedef {import("../scale.js").Scale} Scale
 */

import { make } from "../dom.js";
import { dot, label } from "../line_chart.js";
import { exactNumberText, numberText } from "../number_text.js";
import { durationText } from "../run_text.js";
import { fixedScale, niceScale, positionOn } from "../scale.js";
import { candidateLink } from "./candidate_link.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [1000, 100];
const UNITS = /** @type {const} */ ([["h", 3_600_000], ["min", 60_000], ["s", 1000]]);
const LINES = /** @type {const} */ (["grid", "minibatch", "minibatch-hole", "full", "best", "pointed"]);

export class ScoreChart {
  /** @type {ScorePoint[]} */
  #points = [];
  /** The place of the point that is told; -1 without one. */
  #place = -1;
  /** @type {Scale} */
  #x = { low: 0, high: 1, ticks: [] };
  /** @type {Scale} */
  #y = this.#x;
  #isByTime = false;
  /** Milliseconds in a unit of the horizontal axis. */
  #unitMs = 1;

  constructor() {
    this.drawing = document.createElementNS(SVG, "svg");
    this.drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.drawing.setAttribute("preserveAspectRatio", "none");
    this.drawing.setAttribute("aria-hidden", "true");
    this.paths = Object.fromEntries(LINES.map((name) => [name, document.createElementNS(SVG, "path")]));
    for (const [name, path] of Object.entries(this.paths)) {
      path.setAttribute("class", name === "grid" ? "chart-grid" : `score-${name}`);
      this.drawing.append(path);
    }
    this.yLabels = make("div", { class: "chart-y" });
    this.xLabels = make("div", { class: "chart-x" });
    this.unit = make("span", { class: "chart-unit" });
    this.frame = make("div", { class: "score-frame", role: "slider", tabindex: "0" }, this.drawing);
    this.frame.addEventListener("keydown", (event) => this.#onKey(event));
    this.frame.addEventListener("pointermove", (event) => this.#onPointer(event));
    this.frame.addEventListener("click", () => this.#open());
    this.reading = make("p", { class: "chart-reading" });
    this.element = make("div", { class: "chart score-chart" }, this.reading, make("div", { class: "chart-plot" }, this.yLabels, this.frame, this.unit, this.xLabels));
  }

  /** @param {ScorePoints} scores with a point @param {{name: string, isByTime: boolean}} shown */
  show(scores, { name, isByTime }) {
    const told = this.#points[this.#place]?.number;
    this.#points = scores.points;
    this.#isByTime = isByTime;
    this.#scale();
    const { grid, minibatch, "minibatch-hole": hole, full, best } = this.paths;
    grid?.setAttribute("d", this.#y.ticks.map((tick) => `M0 ${this.#top(tick)}H${WIDTH}`).join(""));
    const onMinibatches = dots(this.#points.filter(({ split }) => split === "minibatch").map((point) => this.#at(point)));
    for (const path of [minibatch, hole]) path?.setAttribute("d", onMinibatches);
    full?.setAttribute("d", dots(this.#points.filter(({ split }) => split !== "minibatch").map((point) => this.#at(point))));
    best?.setAttribute("d", this.#bestLine(scores.steps));
    label(this.yLabels, this.#y, "top", (tick) => 1 - positionOn(this.#y, tick));
    label(this.xLabels, this.#x, "left", (tick) => positionOn(this.#x, tick));
    const end = String(this.#points.length);
    for (const [attribute, value] of [["aria-label", `Evaluations of ${name}`], ["aria-valuemin", "1"], ["aria-valuemax", end]]) {
      this.frame.setAttribute(attribute ?? "", value ?? "");
    }
    const place = this.#points.findIndex((point) => point.number === told);
    this.#tell(place >= 0 ? place : this.#points.findLastIndex((point) => point.isBest));
  }

  #scale() {
    const scores = this.#points.map((point) => point.score);
    this.#y = niceScale(Math.min(...scores), Math.max(...scores), 4);
    const last = this.#points.at(-1);
    if (this.#isByTime) {
      const longest = Math.max(0, ...this.#points.map((point) => point.afterMs));
      const [unit, unitMs] = UNITS.find(([, ms]) => longest >= 2 * ms) ?? ["s", 1000];
      this.#unitMs = unitMs;
      this.unit.textContent = unit;
      this.#x = fixedScale(0, longest / unitMs, 4);
    } else {
      this.unit.textContent = "number";
      this.#x = fixedScale(this.#points[0]?.number ?? 0, last?.number ?? 1, 4);
    }
  }

  /** @param {ScorePoint} point */
  #left(point) {
    return (positionOn(this.#x, this.#isByTime ? point.afterMs / this.#unitMs : point.number) * WIDTH).toFixed(1);
  }

  /** @param {number} score */
  #top(score) {
    return ((1 - positionOn(this.#y, score)) * HEIGHT).toFixed(2);
  }

  /** @param {ScorePoint} point */
  #at(point) {
    return `${this.#left(point)} ${this.#top(point.score)}`;
  }

  /** A line that goes up where an evaluation was the best so far, to the end. @param {ScorePoint[]} steps */
  #bestLine(steps) {
    const [first, ...others] = steps;
    if (!first) return "";
    return `M${this.#at(first)}${others.map((step) => `H${this.#left(step)}V${this.#top(step.score)}`).join("")}H${WIDTH}`;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const last = this.#points.length - 1;
    const place = { ArrowLeft: this.#place - 1, ArrowDown: this.#place - 1, ArrowRight: this.#place + 1, ArrowUp: this.#place + 1, PageDown: this.#place - 10, PageUp: this.#place + 10, Home: 0, End: last }[event.key];
    if (event.key === "Enter") this.#open();
    if (place === undefined) return;
    event.preventDefault();
    this.#tell(Math.max(0, Math.min(last, place)));
  }

  /** Tells the point nearest to the pointer, in pixels. @param {PointerEvent} event */
  #onPointer({ clientX, clientY }) {
    const { left, top, width, height } = this.drawing.getBoundingClientRect();
    let [nearest, least] = [-1, Infinity];
    this.#points.forEach((point, place) => {
      const x = left + (Number(this.#left(point)) / WIDTH) * width;
      const y = top + (Number(this.#top(point.score)) / HEIGHT) * height;
      const distance = Math.hypot(x - clientX, y - clientY);
      if (distance <= least) [nearest, least] = [place, distance];
    });
    if (nearest !== this.#place) this.#tell(nearest);
  }

  #open() {
    this.reading.querySelector("a")?.click();
  }

  /** @param {number} place */
  #tell(place) {
    this.#place = place;
    const point = this.#points[place];
    this.paths["pointed"]?.setAttribute("d", point ? dot(this.#at(point)) : "");
    if (!point) return this.reading.replaceChildren();
    const text = `${exactNumberText(point.score)} · ${pointText(point)} · `;
    this.frame.setAttribute("aria-valuenow", String(place + 1));
    this.frame.setAttribute("aria-valuetext", `${text}candidate ${point.candidate}`);
    this.reading.replaceChildren(text, candidateLink(point.candidate, `candidate ${point.candidate}`));
  }
}

/** @param {ScorePoint} point */
export function pointText({ number, split, exampleCount, afterMs, isBest }) {
  const examples = exampleCount === 1 ? "1 example" : `${numberText(exampleCount)} examples`;
  return `evaluation ${numberText(number)}, ${split}, ${examples}, after ${durationText(afterMs / 1000)}${isBest ? ", the best so far" : ""}`;
}

/** @param {string[]} places */
function dots(places) {
  return places.map(dot).join("");
}
