/**
 * The toolbar of the log: filter by level and step, and search.
 *
 * @typedef {import("../types.js").LogLevel} LogLevel
 * @typedef {import("./log_filter.js").LogFilter} LogFilter
 */

import { make, setText } from "../dom.js";
import { numberText } from "../number_text.js";
import { displayName } from "../format.js";
import { LEVELS } from "./log_filter.js";

const TYPING_PAUSE_MS = 250;
const STEPS_MAX = 100;

/**
 * @typedef {object} ToolbarListener
 * @property {(filter: LogFilter) => void} onFilter
 * @property {(step: 1 | -1) => void} onMatch 1 for the next match, -1 for the previous one
 */

export class LogToolbar {
  /**
   * @param {(name: string) => HTMLElement} getPart returns the element with that `data-part`
   * @param {LogFilter} filter
   * @param {string[]} steps
   * @param {ToolbarListener} listener
   * @param {AbortSignal} signal removes the listeners when aborted
   */
  constructor(getPart, filter, steps, listener, signal) {
    this.filter = filter;
    this.listener = listener;
    this.search = /** @type {HTMLInputElement} */ (getPart("search"));
    this.only = /** @type {HTMLInputElement} */ (getPart("only"));
    this.step = /** @type {HTMLSelectElement} */ (getPart("step"));
    this.jumps = [getPart("next"), getPart("previous")];
    this.chips = new Map(LEVELS.map((level) => [level, makeChip(level)]));
    getPart("levels").replaceChildren(...[...this.chips.values()].map((chip) => chip.button));
    this.step.replaceChildren(make("option", { value: "" }, "All steps"));
    for (const step of filter.step ? [...steps, filter.step] : steps) this.offerStep(step);
    for (const [level, { button }] of this.chips) button.addEventListener("click", () => this.#toggle(level), { signal });
    this.step.addEventListener("change", () => this.#change({ step: this.step.value }), { signal });
    this.only.addEventListener("change", () => this.#change({ only: this.only.checked }), { signal });
    this.search.addEventListener("input", () => this.#typed(), { signal });
    this.search.addEventListener("keydown", (event) => this.#keyInSearch(event), { signal });
    getPart("next").addEventListener("click", () => listener.onMatch(1), { signal });
    getPart("previous").addEventListener("click", () => listener.onMatch(-1), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#typing));
    this.#show();
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  /** @param {Readonly<Partial<Record<LogLevel, number>>>} counts */
  showCounts(counts) {
    for (const [level, { count }] of this.chips) setText(count, numberText(counts[level] ?? 0));
  }

  /** Adds a step to the choices. @param {string} step */
  offerStep(step) {
    const { options } = this.step;
    if (options.length > STEPS_MAX || [...options].some((option) => option.value === step)) return;
    this.step.append(make("option", { value: step }, displayName(step)));
  }

  /** @param {LogFilter} filter */
  set(filter) {
    clearTimeout(this.#typing);
    this.filter = filter;
    this.#show();
  }

  #show() {
    const { levels, step, search, only } = this.filter;
    for (const [level, { button }] of this.chips) button.setAttribute("aria-pressed", String(levels.includes(level)));
    this.step.value = step;
    if (this.search.value !== search) this.search.value = search;
    this.only.checked = only;
    for (const jump of this.jumps) jump.toggleAttribute("disabled", search === "");
  }

  /** @param {Partial<LogFilter>} change */
  #change(change) {
    this.set({ ...this.filter, search: this.search.value, ...change });
    this.listener.onFilter(this.filter);
  }

  /** @param {LogLevel} level */
  #toggle(level) {
    const levels = LEVELS.filter((one) => (one === level) !== this.filter.levels.includes(one));
    this.#change({ levels: levels.length === LEVELS.length ? [] : levels });
  }

  #typed() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#change({}), TYPING_PAUSE_MS);
  }

  /** @param {KeyboardEvent} event */
  #keyInSearch(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (this.search.value !== this.filter.search) this.#change({});
    if (this.search.value !== "") this.listener.onMatch(event.shiftKey ? -1 : 1);
  }
}

/** @param {LogLevel} level */
function makeChip(level) {
  const count = make("span", { class: "log-chip-count" }, "0");
  const attributes = { type: "button", class: `log-chip log-${level.toLowerCase()}`, "aria-pressed": "false" };
  return { button: make("button", attributes, level, " ", count), count };
}
