/**
 * The log entries that match a filter, as a virtual list.
 *
 * The service searches a long log for one second per request and returns how far it got. So the list consists of ranges of
 * entries whose matches are counted, the newest first; `goOn` adds an older one. Live entries form a range of their own.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("./log_filter.js").ServerFilter} ServerFilter
 * @typedef {import("./log_pages.js").ReadPage} ReadPage
 * @typedef {import("./searched_ranges.js").SearchedRange} SearchedRange
 * @typedef {import("./log_api.js").LogApi} LogApi
 * @typedef {import("./unfiltered_log.js").ListListener} ListListener
 */

import { pause } from "../connection/pause.js";
import { ServiceError } from "../connection/service_error.js";
import { matches } from "./log_filter.js";
import { LogPages } from "./log_pages.js";
import { SearchedRanges } from "./searched_ranges.js";
import { PAGE_SIZE } from "./log_api.js";

const COUNT_AGAIN_AFTER_MS = 5000;

export class FilteredLog {
  /**
   * @param {LogApi} api
   * @param {ServerFilter} serverFilter
   * @param {number} first the oldest entry kept
   * @param {number} last
   * @param {ListListener} listener
   */
  constructor(api, serverFilter, first, last, listener) {
    this.api = api;
    this.serverFilter = serverFilter;
    this.first = first;
    this.last = last;
    this.listener = listener;
    this.pages = new LogPages(listener.onChange, listener.onTrouble);
    this.ranges = new SearchedRanges();
    this.searchedTo = last + 1;
  }

  #stopping = new AbortController();
  #hasTrouble = false;
  /** @type {Promise<void> | null} */
  #looking = null;

  get total() {
    return this.ranges.total;
  }

  /** Whether the whole log has been searched. */
  get isComplete() {
    return this.searchedTo <= this.first;
  }

  get isLooking() {
    return this.#looking !== null;
  }

  /** Searches further back. */
  goOn() {
    this.#looking ??= this.#lookBack().finally(() => {
      this.#looking = null;
      this.listener.onChange();
    });
    return this.#looking;
  }

  /** @param {number} index @returns {LogEntry | undefined} undefined while it is not loaded */
  entryAt(index) {
    const place = this.ranges.placeOf(index);
    if (place === null) return undefined;
    const { range, offset } = place;
    if (range.live) return range.live[offset];
    const fromEnd = range.total - 1 - offset;
    return this.pages.get(keyOf(range, fromEnd))?.[fromEnd % PAGE_SIZE];
  }

  /** Loads these rows. @param {number} from @param {number} to */
  need(from, to) {
    /** @type {Map<string, ReadPage>} */
    const wanted = new Map();
    for (let index = from; index <= to; index++) {
      const place = this.ranges.placeOf(index);
      if (place === null || place.range.live) continue;
      const { range, offset } = place;
      const fromEnd = range.total - 1 - offset;
      const key = keyOf(range, fromEnd);
      if (wanted.has(key) || this.pages.get(key)?.[fromEnd % PAGE_SIZE]) continue;
      wanted.set(key, (signal) => this.#read(range, Math.floor(fromEnd / PAGE_SIZE), signal));
    }
    this.pages.want(wanted);
  }

  /** The index of this entry, or of the next one that matches. Throws ServiceError. @param {number} seq */
  async indexOf(seq) {
    for (let before = 0; seq < this.searchedTo && !this.isComplete && before !== this.searchedTo; ) {
      before = this.searchedTo;
      await this.goOn();
    }
    let index = 0;
    for (const range of this.ranges) {
      if (range.high < seq) index += range.total;
      else if (range.live) index += range.live.filter((entry) => entry.seq < seq).length;
      else if (range.low < seq) index += await this.#count(range.low, seq - 1);
    }
    return Math.max(0, Math.min(this.total - 1, index));
  }

  /** @param {number} index @returns {number | undefined} undefined while it is not loaded */
  seqAt(index) {
    return this.entryAt(index)?.seq;
  }

  /** @param {LogEntry[]} entries in order; known entries are ignored */
  append(entries) {
    const added = entries.filter((entry) => entry.seq > this.last);
    const [oldest, newest] = [added[0], added.at(-1)];
    if (oldest === undefined || newest === undefined) return;
    if (oldest.seq > this.last + 1) {
      this.grow(newest.seq);
      return;
    }
    const found = added.filter((entry) => matches(entry, this.serverFilter));
    this.ranges.putLive(found, this.last + 1, newest.seq);
    this.last = newest.seq;
    if (found.length) this.listener.onGrowth(found.length);
  }

  /** Sets the newest entry of the log. @param {number} last */
  grow(last) {
    if (last <= this.last) return;
    const low = this.last + 1;
    this.last = last;
    void this.#lookAtNew(low, last);
  }

  /** Removes entries before this one, which the service has pruned. @param {number} first */
  forget(first) {
    if (first <= this.first) return;
    this.first = first;
    const before = this.total;
    this.ranges.forget(first);
    if (this.total !== before) this.listener.onShift(this.total - before);
  }

  /** Stops loading. */
  stop() {
    this.#stopping.abort();
    this.pages.stop();
  }

  async #lookBack() {
    const high = this.searchedTo - 1;
    if (high < this.first) return;
    try {
      const page = await this.api.page({ ...this.serverFilter, order: "desc", before_seq: high + 1 }, this.#stopping.signal);
      const isFirst = this.ranges.isEmpty;
      const low = page.total_is_exact ? this.first : (page.searched_to_seq ?? this.first);
      this.pages.put(keyOf(this.ranges.putFirst(low, high, page.total_logs), 0), page.logs);
      this.searchedTo = low;
      this.#goesWell();
      if (!isFirst) this.listener.onShift(page.total_logs);
    } catch (error) {
      this.#complain(error);
    }
  }

  /** @param {number} low @param {number} high */
  async #lookAtNew(low, high) {
    const range = this.ranges.putLast(low, high, 0);
    while (!this.#stopping.signal.aborted) {
      try {
        range.total = await this.#count(low, high);
        this.#goesWell();
        if (range.total) this.listener.onGrowth(range.total);
        return;
      } catch (error) {
        this.#complain(error);
      }
      await pause(COUNT_AGAIN_AFTER_MS, this.#stopping.signal);
    }
  }

  #goesWell() {
    if (this.#hasTrouble) this.listener.onTrouble(null);
    this.#hasTrouble = false;
  }

  /** @param {unknown} error */
  #complain(error) {
    if (this.#stopping.signal.aborted) return;
    if (!(error instanceof ServiceError)) throw error;
    this.#hasTrouble = true;
    this.listener.onTrouble(error);
  }

  /**
   * @param {SearchedRange} range
   * @param {number} page counted from the range's end
   * @param {AbortSignal} signal
   */
  async #read(range, page, signal) {
    const { low, high } = range;
    const answer = await this.api.page(
      { ...this.serverFilter, order: "desc", after_seq: low - 1, before_seq: high + 1, page: page + 1 },
      signal,
    );
    if (answer.searched_to_seq === null) {
      this.#correct(range, answer.total_logs);
      return answer.logs;
    }
    if (answer.logs.length >= Math.min(PAGE_SIZE, range.total - page * PAGE_SIZE)) return answer.logs;
    if (answer.total_is_exact) throw new ServiceError("Searching this part of the log takes too long.", { status: 503 });
    // The search stopped here: older entries become a range of their own.
    this.ranges.divide(range, answer.searched_to_seq, answer.total_logs);
    return null;
  }

  /** Corrects the total after entries of the range were pruned. @param {SearchedRange} range @param {number} total */
  #correct(range, total) {
    const more = total - range.total;
    range.total = total;
    if (more) this.listener.onShift(more);
  }

  /** How many match from `low` to `high`. @param {number} low @param {number} high */
  async #count(low, high) {
    let found = 0;
    while (high >= low) {
      const answer = await this.api.page(
        { ...this.serverFilter, order: "desc", page_size: 1, after_seq: low - 1, before_seq: high + 1 },
        this.#stopping.signal,
      );
      found += answer.total_logs;
      if (answer.total_is_exact) break;
      high = (answer.searched_to_seq ?? low) - 1;
    }
    return found;
  }
}

/** @param {SearchedRange} range @param {number} fromEnd */
function keyOf(range, fromEnd) {
  return `${range.id}:${Math.floor(fromEnd / PAGE_SIZE)}`;
}
