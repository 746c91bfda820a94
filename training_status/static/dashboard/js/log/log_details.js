/**
 * The details of the selected entry: full message, time with time zone, and exact metrics.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("./log_filter.js").Selection} Selection
 */

import { make, setText } from "../dom.js";
import { metricElement } from "../metric_element.js";
import { displayName } from "../format.js";
import { messageLinks, outside } from "./message_links.js";
import { showMessage } from "./message_text.js";

const MOMENT = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  timeZoneName: "short",
});

export class LogDetails {
  /** @param {HTMLElement} element @param {(name: string) => HTMLElement} getPart returns the element with that `data-part` */
  constructor(element, getPart) {
    this.element = element;
    this.title = getPart("title");
    this.facts = getPart("facts");
    this.message = getPart("message");
    this.copyLines = getPart("copy-lines");
    this.hide();
  }

  /** Hides the details. */
  hide() {
    this.element.hidden = true;
  }

  /**
   * @param {Selection} selection
   * @param {LogEntry | null | undefined} entry the one in focus; undefined while it is not loaded, null when it is not kept
   * @param {RegExp | null} marked
   */
  show(selection, entry, marked) {
    const [low, high] = [Math.min(selection.anchor, selection.focus), Math.max(selection.anchor, selection.focus)];
    setText(this.title, low === high ? `Line ${low}` : `Lines ${low} to ${high}`);
    setText(this.copyLines, low === high ? "Copy line" : "Copy lines");
    this.facts.replaceChildren(...(entry ? facts(entry, low !== high) : []));
    showMessage(this.message, entry?.message ?? "", { marked });
    if (entry === undefined) setText(this.message, "…");
    if (entry === null) setText(this.message, "This line is not in the log. It was deleted, or it is not written yet.");
    this.message.classList.toggle("log-quiet", !entry);
    this.element.hidden = false;
  }
}

/** @param {LogEntry} entry @param {boolean} isOneOfMany */
function facts(entry, isOneOfMany) {
  const moment = make("time", { datetime: entry.timestamp }, MOMENT.format(new Date(entry.timestamp)));
  /** @type {[string, Node | string][]} */
  const pairs = [
    ["Time", moment],
    ["Level", entry.level],
  ];
  if (isOneOfMany) pairs.unshift(["Line", String(entry.seq)]);
  if (entry.step !== null) pairs.push(["Step", displayName(entry.step)]);
  for (const { text, target, address } of messageLinks(entry.message)) {
    const shown = address === null ? target : make("a", { ...outside(address), class: "log-target" }, target);
    pairs.push([`Link ${text}`, shown]);
  }
  for (const [name, value] of Object.entries(entry.metrics ?? {})) pairs.push([displayName(name), metricElement(value, Infinity)]);
  return pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
}
