/**
 * The list of lines that the filter shows, and the number of search matches in it.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("./log_filter.js").LogFilter} LogFilter
 * @typedef {import("./log_api.js").LogApi} LogApi
 * @typedef {import("./unfiltered_log.js").ListListener} ListListener
 */

import { numberText } from "../number_text.js";
import { FilteredLog } from "./filtered_log.js";
import { isEverything, toServerFilter } from "./log_filter.js";
import { UnfilteredLog } from "./unfiltered_log.js";

export class FilterResults {
  /**
   * @param {LogApi} api
   * @param {LogFilter} filter
   * @param {number} first the oldest entry kept
   * @param {number} last
   * @param {ListListener} listener
   */
  constructor(api, filter, first, last, listener) {
    this.api = api;
    this.listener = listener;
    this.first = first;
    this.last = last;
    this.shown = toServerFilter(filter);
    this.list = this.#listOf(this.shown, listener);
    /** @type {FilteredLog | null} the search matches, when other lines are shown too */
    this.found = null;
    this.#count(filter);
  }

  /** The lists that may have unsearched entries. */
  get #searches() {
    return [this.list, this.found].filter((list) => list instanceof FilteredLog);
  }

  get isLooking() {
    return this.list instanceof FilteredLog && this.list.isLooking;
  }

  /** Whether the search can continue. */
  get canGoOn() {
    return this.#searches.some((list) => !list.isComplete && !list.isLooking);
  }

  /** Searches further back. */
  goOn() {
    for (const list of this.#searches) if (!list.isComplete) void list.goOn();
    this.listener.onChange();
  }

  /** @param {LogFilter} filter */
  show(filter) {
    const serverFilter = toServerFilter(filter);
    if (JSON.stringify(serverFilter) !== JSON.stringify(this.shown)) {
      this.shown = serverFilter;
      this.list.stop();
      this.list = this.#listOf(serverFilter, this.listener);
    }
    this.#count(filter);
  }

  /** @param {LogEntry[]} entries */
  append(entries) {
    this.last = Math.max(this.last, entries.at(-1)?.seq ?? 0);
    this.list.append(entries);
    this.found?.append(entries);
  }

  /** @param {number} last */
  grow(last) {
    this.last = Math.max(this.last, last);
    this.list.grow(last);
    this.found?.grow(last);
  }

  /** @param {number} first */
  forget(first) {
    if (first <= this.first) return;
    this.first = first;
    this.list.forget(first);
    this.found?.forget(first);
  }

  /** Stops loading. */
  stop() {
    this.list.stop();
    this.found?.stop();
  }

  /** Describes the number of lines and matches. */
  sentence() {
    const all = Math.max(0, this.last - this.first + 1);
    const shown = this.list instanceof FilteredLog ? counted(this.list, "line", ` of ${numberText(all)}`) : amount(all, "line");
    return this.found ? `${shown} · ${counted(this.found, "match", "")}` : shown;
  }

  /** @param {LogFilter} filter */
  #count(filter) {
    const serverFilter = { ...toServerFilter(filter), search: filter.search };
    const isCounted = filter.search !== "" && !filter.only;
    if (isCounted && JSON.stringify(serverFilter) === JSON.stringify(this.found?.serverFilter)) return;
    this.found?.stop();
    const silent = { ...this.listener, onShift() {}, onGrowth() {} };
    const found = isCounted ? this.#listOf(serverFilter, silent) : null;
    this.found = found instanceof FilteredLog ? found : null;
  }

  /** @param {import("./log_filter.js").ServerFilter} serverFilter @param {ListListener} listener */
  #listOf(serverFilter, listener) {
    if (isEverything(serverFilter)) return new UnfilteredLog(this.api, this.first, this.last, listener);
    const list = new FilteredLog(this.api, serverFilter, this.first, this.last, listener);
    void list.goOn();
    return list;
  }
}

/** @param {FilteredLog} list @param {string} noun @param {string} ofAll */
function counted(list, noun, ofAll) {
  if (list.isComplete) return ofAll ? `${numberText(list.total)}${ofAll} ${noun}s` : amount(list.total, noun);
  if (list.isLooking && list.total === 0) return "searching…";
  if (list.searchedTo > list.last) return `${noun === "match" ? "matches" : "lines"} not counted`;
  const back = `searched back to line ${numberText(list.searchedTo)}`;
  return `at least ${amount(list.total, noun)}, ${list.isLooking ? "still searching…" : back}`;
}

/** @param {number} number @param {string} noun */
function amount(number, noun) {
  const plural = noun === "match" ? "matches" : `${noun}s`;
  return `${numberText(number)} ${number === 1 ? noun : plural}`;
}
