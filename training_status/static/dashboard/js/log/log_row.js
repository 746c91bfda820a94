/**
 * One line of the log: number, time, level, message and metrics, in sixteen pixels.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 */

import { make, setText } from "../dom.js";
import { exactNumberText, isNumeric } from "../number_text.js";
import { oneLine } from "../visible_text.js";
import { formatMetric } from "../format.js";
import { showMessage } from "./message_text.js";

const METRICS_SHOWN = 50;
const CHARACTERS_SHOWN = 1000; // more than fits the widest screen; the details show the full message

/**
 * @typedef {object} RowAppearance
 * @property {RegExp | null} marked
 * @property {boolean} isSelected
 * @property {string} link the line's address
 * @property {boolean} isActive the line that arrow keys move from
 * @property {string} day the date label, from `dayWords`
 */

export class LogRow {
  constructor() {
    this.number = make("a", { class: "log-number", tabindex: "-1" });
    this.time = make("span", { class: "log-time" });
    this.level = make("span", { class: "log-level" });
    this.day = make("span", { class: "log-day" });
    this.message = make("span", { class: "log-message", dir: "auto" });
    this.metrics = make("span", { class: "log-metrics" });
    const cell = { role: "gridcell" };
    this.element = make(
      "div",
      { class: "log-row", role: "row" },
      make("span", { ...cell, class: "log-cell-number" }, this.number),
      make("span", cell, this.time),
      make("span", cell, this.level),
      make("span", { ...cell, class: "log-cell-message" }, this.day, this.message, this.metrics),
    );
    /** @type {number | undefined} */
    this.seq = undefined;
    /** @type {LogEntry | undefined} */
    this.entry = undefined;
    /** @type {RegExp | null} */
    this.marked = null;
    this.isNew = true;
  }

  /**
   * @param {number} index of the row in the list
   * @param {number | undefined} seq undefined while it is not known
   * @param {LogEntry | undefined} entry undefined while it is not loaded
   * @param {RowAppearance} look
   */
  show(index, seq, entry, look) {
    this.element.setAttribute("aria-rowindex", String(index + 1));
    this.element.setAttribute("aria-selected", String(look.isSelected));
    this.element.classList.toggle("log-active", look.isActive);
    setText(this.day, look.day);
    if (seq === undefined) this.element.removeAttribute("id");
    else this.element.id = `log-line-${seq}`;
    if (!this.isNew && seq === this.seq && entry === this.entry && look.marked === this.marked) return;
    this.isNew = false;
    this.seq = seq;
    this.entry = entry;
    this.marked = look.marked;
    setText(this.number, String(seq ?? ""));
    if (seq === undefined) this.number.removeAttribute("href");
    else this.number.href = look.link;
    this.element.className = `log-row log-${entry?.level.toLowerCase() ?? "awaited"}${look.isActive ? " log-active" : ""}`;
    setText(this.time, entry ? localTime(entry.timestamp) : "");
    setText(this.level, entry?.level ?? "");
    showMessage(this.message, entry?.message ?? "…", { marked: entry ? look.marked : null, cutAt: CHARACTERS_SHOWN });
    this.metrics.replaceChildren(...(entry?.metrics ? metricsInShort(entry.metrics) : []));
  }
}

/** @param {string} timestamp `15:05:00.123` in local time */
function localTime(timestamp) {
  const date = new Date(timestamp);
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits);
  return `${hours}:${minutes}:${seconds}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** @param {number} number */
function twoDigits(number) {
  return String(number).padStart(2, "0");
}

/** @param {NonNullable<LogEntry["metrics"]>} metrics @returns {(string | Node)[]} each name and value is isolated for bidirectional text */
function metricsInShort(metrics) {
  const pairs = Object.entries(metrics).slice(0, METRICS_SHOWN);
  return pairs.flatMap(([name, value], place) => {
    const text = formatMetric(value);
    const shown = make("span", {}, text.slice(0, CHARACTERS_SHOWN));
    const exact = isNumeric(value) ? exactNumberText(value) : text;
    if (exact !== text) shown.title = exact;
    return [place ? " " : "", make("span", {}, oneLine(name).slice(0, CHARACTERS_SHOWN)), "=", shown];
  });
}
