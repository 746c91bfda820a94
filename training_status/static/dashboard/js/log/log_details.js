/**
 * The selected entry beside the log: its whole message, its time with the zone, and its metrics with every digit.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("./log_filter.js").Selection} Selection
 */

import { make, say } from "../dom.js";
import { metricElement } from "../metric_element.js";
import { words } from "../words.js";
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
  /** @param {HTMLElement} element @param {(name: string) => HTMLElement} named its parts */
  constructor(element, named) {
    this.element = element;
    this.title = named("title");
    this.facts = named("facts");
    this.message = named("message");
    this.copyLines = named("copy-lines");
    this.hide();
  }

  /** Nothing is selected. */
  hide() {
    this.element.hidden = true;
  }

  /**
   * @param {Selection} selection
   * @param {LogEntry | null | undefined} entry the one in focus; undefined while it is not here, null when it is not kept
   * @param {RegExp | null} marked
   */
  show(selection, entry, marked) {
    const [low, high] = [Math.min(selection.anchor, selection.focus), Math.max(selection.anchor, selection.focus)];
    say(this.title, low === high ? `Line ${low}` : `Lines ${low} to ${high}`);
    say(this.copyLines, low === high ? "Copy line" : "Copy lines");
    this.facts.replaceChildren(...(entry ? facts(entry, low !== high) : []));
    showMessage(this.message, entry?.message ?? "", { marked });
    if (entry === undefined) say(this.message, "…");
    if (entry === null) say(this.message, "This line is not in the log: it is no longer kept, or not yet written.");
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
  if (entry.step !== null) pairs.push(["Step", words(entry.step)]);
  for (const { text, target, address } of messageLinks(entry.message)) {
    const shown = address === null ? target : make("a", { ...outside(address), class: "log-target" }, target);
    pairs.push([`Link ${text}`, shown]);
  }
  for (const [name, value] of Object.entries(entry.metrics ?? {})) pairs.push([words(name), metricElement(value, Infinity)]);
  return pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
}
