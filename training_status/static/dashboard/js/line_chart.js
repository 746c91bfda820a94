/**
 * A line chart of one metric with few ticks, the value under the pointer, and a table of all values.
 *
 * The SVG stretches with its element. So labels are HTML beside it, and lines do not scale.
 *
 * @typedef {import("./number_text.js").Numeric} Numeric
 * @typedef {{x: number, y: Numeric}} Point
 * @typedef {import("./scale.js").Scale} Scale
 */

import { make, setText } from "./dom.js";
import { setMetricText } from "./metric_element.js";
import { digitsToTellApart, exactNumberText } from "./number_text.js";
import { positionOn, niceScale, fixedScale, reserveLabelWidth, tickText } from "./scale.js";
import { formatMetric } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const HEIGHT = 100;
const DOTS_MAX = 60; // more would be a thick line

/**
 * @template {Point} P
 * @typedef {object} ChartText
 * @property {string} name of the metric
 * @property {string} place the unit of the horizontal axis: `log line`, `run`
 * @property {string[]} columns of the table
 * @property {(point: P) => (string | Node)[]} cells the table cells of a point, without the last one, which is the exact value
 * @property {(point: P) => string} about the text after the exact value of the point under the pointer
 * @property {(point: P) => string} [address] the link target of each point
 */

/** @template {Point} P */
export class LineChart {
  /** @param {ChartText<P>} texts */
  constructor(texts) {
    this.texts = texts;
    this.reading = make("span", { class: "chart-reading" });
    this.yLabels = make("div", { class: "chart-y" });
    this.xLabels = make("div", { class: "chart-x" });
    this.drawing = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["viewBox", `0 0 ${WIDTH} ${HEIGHT}`], ["preserveAspectRatio", "none"], ["aria-hidden", String(!texts.address)]]) {
      this.drawing.setAttribute(name ?? "", value ?? "");
    }
    this.grid = this.#path("chart-grid");
    this.line = this.#path("chart-line");
    this.dots = this.#path("chart-dots");
    this.pointed = this.#path("chart-pointed");
    this.links = document.createElementNS(SVG, "g");
    this.drawing.append(this.links);
    const unit = make("span", { class: "chart-unit" }, texts.place);
    this.plot = make("div", { class: "chart-plot", role: texts.address ? "group" : "img" }, this.yLabels, this.drawing, unit, this.xLabels);
    this.values = make("tbody");
    this.table = make("details", { class: "chart-table" }, make("summary", {}, `Values of ${texts.name}`));
    this.table.addEventListener("toggle", () => this.#fillTable());
    const caption = make("figcaption", {}, make("span", { class: "chart-name" }, texts.name), " ", this.reading);
    this.element = make("figure", { class: "chart" }, caption, this.plot, this.table);
    this.drawing.addEventListener("pointermove", ({ clientX }) => {
      const { left, width } = this.drawing.getBoundingClientRect();
      this.#point((clientX - left) / width);
    });
    this.drawing.addEventListener("pointerleave", () => this.#point(null));
    /** @type {P[]} */
    this.points = [];
    /** Digits that distinguish the first, last, lowest and highest value. @type {number | undefined} */
    this.digits = undefined;
    /** @type {Scale} */
    this.x = { low: 0, high: 1, ticks: [] };
    /** @type {Scale} */
    this.y = this.x;
  }

  /**
   * @param {P[]} points by x
   * @param {number} [low] start of the horizontal axis; by default the first point
   * @param {number} [high] end of the horizontal axis; by default the last point
   */
  show(points, low = points[0]?.x ?? 0, high = points.at(-1)?.x ?? 1) {
    this.points = points;
    const values = points.map((point) => point.y);
    const [least, greatest] = [smallest(values), largest(values)];
    const told = [values[0], values.at(-1), least, greatest];
    this.digits = digitsToTellApart(told);
    this.x = fixedScale(low, high, 3);
    this.y = niceScale(Number(least), Number(greatest), 3);
    this.grid.setAttribute("d", this.y.ticks.map((tick) => `M0 ${this.#top(tick)}H${WIDTH}`).join(""));
    const places = points.map((point) => `${this.#left(point.x)} ${this.#top(point.y)}`);
    this.line.setAttribute("d", places.length > 1 ? `M${places.join("L")}` : "");
    this.dots.setAttribute("d", places.length <= DOTS_MAX ? places.map(dot).join("") : places.slice(-1).map(dot).join(""));
    if (this.texts.address) this.#link(this.texts.address);
    label(this.yLabels, this.y, "top", (tick) => 1 - positionOn(this.y, tick));
    label(this.xLabels, this.x, "left", (tick) => positionOn(this.x, tick));
    const [first, last] = [points[0], points.at(-1)];
    if (first && last) {
      const { name, place } = this.texts;
      const count = points.length === 1 ? "1 value" : `${points.length} values`;
      const [begin, end, lowest, highest] = told.map((value) => formatMetric(value, this.digits));
      this.plot.setAttribute(
        "aria-label",
        `${name}: ${count} from ${place} ${first.x} to ${last.x}, first ${begin}, last ${end}, lowest ${lowest}, highest ${highest}`,
      );
    }
    this.#point(null);
    this.#fillTable();
  }

  /** @param {number | null} share pointer position from the left, 0 to 1; null without a pointer */
  #point(share) {
    const last = this.points.at(-1);
    if (!last) return;
    if (share === null) {
      this.pointed.setAttribute("d", "");
      setMetricText(this.reading, last.y, this.digits);
      return;
    }
    const x = this.x.low + share * (this.x.high - this.x.low);
    const nearest = this.points.reduce((one, other) => (Math.abs(other.x - x) < Math.abs(one.x - x) ? other : one), last);
    this.pointed.setAttribute("d", dot(`${this.#left(nearest.x)} ${this.#top(nearest.y)}`));
    setText(this.reading, this.#reading(nearest));
    this.reading.removeAttribute("title");
  }

  /** Makes each point a link. Existing links are reused so that they keep the focus. @param {(point: P) => string} address */
  #link(address) {
    const before = new Map([...this.links.children].map((link) => [link.getAttribute("href"), link]));
    const links = this.points.map((point) => {
      const href = address(point);
      const place = dot(`${this.#left(point.x)} ${this.#top(point.y)}`);
      const link = before.get(href) ?? this.#newLink(href);
      link.setAttribute("aria-label", this.#reading(point));
      for (const path of link.children) path.setAttribute("d", place);
      return link;
    });
    for (const link of before.values()) if (!links.includes(link)) link.remove();
    for (const link of links) if (link.parentNode !== this.links) this.links.append(link);
  }

  /** @param {string} href @returns {Element} */
  #newLink(href) {
    const link = document.createElementNS(SVG, "a");
    link.setAttribute("href", href);
    link.setAttribute("class", "chart-link");
    for (const name of ["chart-hit", "chart-dots"]) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", name);
      link.append(path);
    }
    return link;
  }

  /** Fills the table when it is open. */
  #fillTable() {
    if (!this.table.open) return;
    if (!this.values.parentElement) {
      const heads = this.texts.columns.map((column) => make("th", { scope: "col" }, column));
      const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), this.values);
      const { name } = this.texts;
      this.table.append(make("div", { class: "chart-values", role: "region", "aria-label": `Values of ${name}`, tabindex: "0" }, table));
    }
    this.values.replaceChildren(
      ...this.points.map((point) => make("tr", {}, ...[...this.texts.cells(point), exactNumberText(point.y)].map((cell) => make("td", {}, cell)))),
    );
  }

  /** @param {P} point */
  #reading(point) {
    return `${exactNumberText(point.y)} · ${this.texts.about(point)}`;
  }

  /** @param {number} x */
  #left(x) {
    return (positionOn(this.x, x) * WIDTH).toFixed(1);
  }

  /** @param {Numeric} y */
  #top(y) {
    return ((1 - positionOn(this.y, Number(y))) * HEIGHT).toFixed(2);
  }

  /** @param {string} name */
  #path(name) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    this.drawing.append(path);
    return path;
  }
}

/** @param {Numeric[]} values */
function smallest(values) {
  return values.reduce((one, other) => (other < one ? other : one), values[0] ?? 0);
}

/** @param {Numeric[]} values */
function largest(values) {
  return values.reduce((one, other) => (other > one ? other : one), values[0] ?? 0);
}

/** @param {string} place the position @returns a line of zero length, which round line caps draw as a dot */
export function dot(place) {
  return `M${place}h0`;
}

/**
 * Labels the ticks of a scale beside a drawing.
 *
 * @param {HTMLElement} element
 * @param {Scale} scale
 * @param {"top" | "left"} side
 * @param {(tick: number) => number} placeOf
 */
export function label(element, scale, side, placeOf) {
  const labels = scale.ticks.map((tick) => {
    const one = make("span", {}, tickText(tick));
    one.style.setProperty(side, `${(placeOf(tick) * 100).toFixed(2)}%`);
    return one;
  });
  element.replaceChildren(...labels);
  if (side === "top") reserveLabelWidth(element, labels);
}
