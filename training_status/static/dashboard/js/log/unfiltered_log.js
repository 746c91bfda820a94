/**
 * The whole log as a virtual list. The row index follows from the entry number, so any position loads directly.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("./log_api.js").LogApi} LogApi
 * @typedef {import("./log_pages.js").ReadPage} ReadPage
 *
 * @typedef {object} ListListener
 * @property {() => void} onChange rows were loaded, or their number has changed
 * @property {(rows: number) => void} onShift number of rows added before the first one; negative for removed rows
 * @property {(rows: number) => void} onGrowth number of rows added after the last one
 * @property {(error: import("../connection/service_error.js").ServiceError | null) => void} onTrouble
 */

import { LogPages } from "./log_pages.js";
import { PAGE_SIZE } from "./log_api.js";

export class UnfilteredLog {
  /**
   * @param {LogApi} api
   * @param {number} first the oldest entry kept
   * @param {number} last 0 when there is none
   * @param {ListListener} listener
   */
  constructor(api, first, last, listener) {
    this.api = api;
    this.first = first;
    this.last = last;
    this.listener = listener;
    this.pages = new LogPages(listener.onChange, listener.onTrouble);
  }

  /** @type {Map<string, number>} how far the log reached when the page was read */
  #readTo = new Map();

  get total() {
    return this.last - this.first + 1;
  }

  /** @param {number} index @returns {LogEntry | undefined} undefined while it is not loaded */
  entryAt(index) {
    const seq = this.first + index;
    const page = this.pages.get(pageOf(seq));
    return page?.[seq - (page[0]?.seq ?? 0)];
  }

  /** Loads these rows. @param {number} from @param {number} to */
  need(from, to) {
    /** @type {Map<string, ReadPage>} */
    const wanted = new Map();
    for (let seq = this.first + from; seq <= this.first + to; seq += PAGE_SIZE - ((seq - 1) % PAGE_SIZE)) {
      const key = pageOf(seq);
      const end = Math.min(this.last, Number(key) * PAGE_SIZE + PAGE_SIZE);
      const page = this.pages.get(key);
      if (page && Math.max(page.at(-1)?.seq ?? 0, this.#readTo.get(key) ?? 0) >= end) continue;
      wanted.set(key, (signal) => this.#read(key, signal));
    }
    this.pages.want(wanted);
  }

  /** The row of this entry; the nearest when it is not kept. @param {number} seq */
  async indexOf(seq) {
    return Math.max(0, Math.min(this.total - 1, seq - this.first));
  }

  /** @param {number} index @returns {number} */
  seqAt(index) {
    return this.first + index;
  }

  /** @param {LogEntry[]} entries in order; known entries are ignored */
  append(entries) {
    for (const entry of entries) {
      const key = pageOf(entry.seq);
      const page = this.pages.get(key);
      if (page !== undefined && page.at(-1)?.seq === entry.seq - 1) page.push(entry);
      else if (page === undefined && (entry.seq - 1) % PAGE_SIZE === 0) this.pages.put(key, [entry]);
    }
    this.grow(entries.at(-1)?.seq ?? 0);
  }

  /** Sets the newest entry of the log. @param {number} last */
  grow(last) {
    if (last <= this.last) return;
    const rows = last - this.last;
    this.last = last;
    this.listener.onGrowth(rows);
  }

  /** Removes entries before this one, which the service has pruned. @param {number} first */
  forget(first) {
    if (first <= this.first) return;
    const rows = this.first - first;
    this.first = first;
    this.last = Math.max(this.last, first - 1);
    this.listener.onShift(rows);
  }

  /** Stops loading. */
  stop() {
    this.pages.stop();
  }

  /** @param {string} key @param {AbortSignal} signal */
  async #read(key, signal) {
    const before = Number(key) * PAGE_SIZE;
    const page = await this.api.page({ order: "asc", after_seq: before, before_seq: before + PAGE_SIZE + 1 }, signal);
    this.#readTo.set(key, page.last_seq);
    return page.logs;
  }
}

/** @param {number} seq the key of its page: the pages of a log are always the same entries */
function pageOf(seq) {
  return String(Math.floor((seq - 1) / PAGE_SIZE));
}
