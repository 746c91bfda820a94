/**
 * A picture of candidates × examples: a row for each candidate, a column for each example, and above them how many
 * candidates solve each. Light is a low score, strong a high one.
 *
 * @typedef {import("../types.js").ExampleScores} ExampleScores
 */

import { make, setText } from "../dom.js";
import { numberText } from "../number_text.js";

const SVG = "http://www.w3.org/2000/svg";
const LEVELS = 10;
const HINT = "Columns are examples, the hardest at the left; rows are candidates, the best at the top. The bars say how many candidates solve each example. Click an example for its exact scores.";
const SHARES_HEIGHT = 12; // of the strip above, in rows

export class HeatMap {
  /** @type {ExampleScores | null} */
  #scores = null;

  /** @param {(example: string) => void} onExample called with the example that was clicked */
  constructor(onExample) {
    this.onExample = onExample;
    this.shares = drawing("heat-shares");
    this.cells = drawing("heat-cells");
    this.reading = make("p", { class: "chart-reading" });
    this.picture = make("div", { class: "heat-map", role: "img" });
    this.picture.append(this.shares, this.cells);
    this.legend = make("ul", { class: "heat-legend", "aria-label": "Legend" });
    this.element = make("div", { class: "chart" }, this.legend, make("p", { class: "none heat-hint" }, HINT), this.reading, this.picture);
    this.picture.addEventListener("pointermove", (event) => setText(this.reading, this.#textAt(event)));
    this.picture.addEventListener("pointerleave", () => setText(this.reading, ""));
    this.picture.addEventListener("click", (event) => {
      const place = this.#placeOf(event);
      const example = place && this.#scores?.examples.example[place.column];
      if (example) this.onExample(example);
    });
  }

  /** @param {ExampleScores} scores with an example and a candidate */
  show(scores) {
    this.#scores = scores;
    const { examples, cells, lower_is_better: lowerIsBetter } = scores;
    const columns = examples.example.length;
    const areas = Array.from({ length: LEVELS + 1 }, () => /** @type {string[]} */ ([]));
    cells.forEach((row, y) => {
      for (let from = 0; from < columns; ) {
        const character = row[from] ?? ".";
        let to = from + 1;
        while (to < columns && row[to] === character) to += 1;
        const level = character === "x" ? LEVELS : lowerIsBetter ? LEVELS - 1 - Number(character) : Number(character);
        areas[level]?.push(`M${from} ${y}h${to - from}v1h${from - to}z`);
        from = to;
      }
    });
    this.cells.setAttribute("viewBox", `0 0 ${columns} ${cells.length}`);
    this.cells.replaceChildren(...areas.map((area, level) => path(level === LEVELS ? "heat-failed" : `heat-${level}`, area.join(""))));
    this.cells.style.setProperty("--rows", String(cells.length));
    this.shares.setAttribute("viewBox", `0 0 ${columns} ${SHARES_HEIGHT}`);
    const bars = examples.solved_count.map((solved, x) => {
      const top = SHARES_HEIGHT * (1 - solved / (examples.evaluated_count[x] ?? 1));
      return `M${x} ${SHARES_HEIGHT}V${top.toFixed(2)}h1V${SHARES_HEIGHT}z`;
    });
    this.shares.replaceChildren(path("heat-share", bars.join("")));
    this.picture.setAttribute("aria-label", `Scores of ${numberText(cells.length)} candidates on ${numberText(columns)} examples, the hardest examples at the left, the best candidates at the top`);
    this.legend.replaceChildren(...legend(scores));
  }

  /** @param {MouseEvent} event @returns {{column: number, row: number} | null} `row` is -1 in the strip above */
  #placeOf({ clientX, clientY }) {
    const columns = this.#scores?.examples.example.length ?? 0;
    const rows = this.#scores?.cells.length ?? 0;
    const { left, width, top, height } = this.cells.getBoundingClientRect();
    const column = Math.floor(((clientX - left) / width) * columns);
    const row = Math.max(-1, Math.floor(((clientY - top) / height) * rows));
    return column >= 0 && column < columns && row < rows ? { column, row } : null;
  }

  /** @param {MouseEvent} event */
  #textAt(event) {
    const place = this.#placeOf(event);
    if (!place || !this.#scores) return "";
    const { examples, candidates, cells } = this.#scores;
    const { column, row } = place;
    const example = examples.example[column];
    if (row < 0) return `${example} · solved by ${numberText(examples.solved_count[column] ?? 0)} of ${numberText(examples.evaluated_count[column] ?? 0)} candidates`;
    return `${example} · candidate ${candidates.candidate[row]}: ${cellText(this.#scores, cells[row]?.[column] ?? ".")}`;
  }
}

/** @param {ExampleScores} scores @param {string} character */
function cellText({ lowest, highest }, character) {
  if (character === ".") return "not evaluated";
  if (character === "x") return "failed";
  const step = (highest - lowest) / LEVELS;
  const low = lowest + Number(character) * step;
  return `${numberText(Number(low.toPrecision(4)))} to ${numberText(Number((low + step).toPrecision(4)))}`;
}

/** @param {ExampleScores} scores */
function legend({ lowest, highest, lower_is_better: lowerIsBetter, cells }) {
  const [worst, best] = lowerIsBetter ? [highest, lowest] : [lowest, highest];
  const scale = make("span", { class: "heat-scale", "aria-hidden": "true" }, ...Array.from({ length: LEVELS }, (_, level) => make("i", { class: `heat-${level}` })));
  const entries = [make("li", {}, `${numberText(worst)} `, scale, ` ${numberText(best)}`)];
  const all = cells.join("");
  if (all.includes("x")) entries.push(make("li", { class: "of-failed" }, "failed"));
  if (all.includes(".")) entries.push(make("li", { class: "of-not-evaluated" }, "not evaluated"));
  return entries;
}

/** @param {string} name */
function drawing(name) {
  const element = document.createElementNS(SVG, "svg");
  element.setAttribute("class", name);
  element.setAttribute("preserveAspectRatio", "none");
  element.setAttribute("aria-hidden", "true");
  return element;
}

/** @param {string} name @param {string} data */
function path(name, data) {
  const element = document.createElementNS(SVG, "path");
  element.setAttribute("class", name);
  element.setAttribute("d", data);
  return element;
}
