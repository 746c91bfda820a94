/**
 * A cache of log pages, loaded on demand and limited in size.
 *
 * During fast scrolling, requests for pages that are no longer needed are aborted, and meanwhile new
 * requests start at most every 100 ms.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {(signal: AbortSignal) => Promise<LogEntry[] | null>} ReadPage null when there is nothing to cache
 */

import { ServiceError } from "../connection/service_error.js";

const PAGES_MAX = 50;
const CHARACTERS_MAX = 4_000_000;
const FEWEST_PAGES = 4; // as many as a screen may need at once
const READ_PAUSE_MS = 100;
const FIRST_RETRY_MS = 2000;
const LONGEST_RETRY_MS = 15_000;

export class LogPages {
  /**
   * @param {() => void} onChange called when a page is loaded
   * @param {(error: ServiceError | null) => void} onTrouble called when a page cannot be loaded; null when loading works again
   */
  constructor(onChange, onTrouble) {
    this.onChange = onChange;
    this.onTrouble = onTrouble;
  }

  /** @type {Map<string, {entries: LogEntry[], characters: number}>} ordered by last use */
  #pages = new Map();
  #characters = 0;
  /** @type {Map<string, AbortController>} */
  #reading = new Map();
  #readAt = 0;
  #wasBrokenOff = false;
  #failures = 0;
  #rests = false;
  #stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string} key @returns {LogEntry[] | undefined} */
  get(key) {
    const page = this.#pages.get(key);
    if (page === undefined) return undefined;
    this.#pages.delete(key);
    this.#pages.set(key, page);
    return page.entries;
  }

  /** @param {string} key @param {LogEntry[]} entries */
  put(key, entries) {
    this.drop(key);
    const characters = entries.reduce((sum, entry) => sum + entry.message.length + 200, 0);
    this.#pages.set(key, { entries, characters });
    this.#characters += characters;
    for (const oldest of this.#pages.keys()) {
      const hasRoom = this.#pages.size <= PAGES_MAX && this.#characters <= CHARACTERS_MAX;
      if (hasRoom || this.#pages.size <= FEWEST_PAGES) break;
      this.drop(oldest);
    }
  }

  /** @param {string} key */
  drop(key) {
    this.#characters -= this.#pages.get(key)?.characters ?? 0;
    this.#pages.delete(key);
  }

  /** Loads these pages, and aborts all other requests. @param {Map<string, ReadPage>} wanted */
  want(wanted) {
    for (const [key, reading] of this.#reading) {
      if (!wanted.has(key)) {
        reading.abort();
        this.#reading.delete(key);
        this.#wasBrokenOff = true;
      }
    }
    const missing = [...wanted].filter(([key]) => !this.#reading.has(key));
    if (this.#rests || this.#stopped) return;
    clearTimeout(this.#timer);
    if (missing.length === 0) return;
    const pause = this.#readAt + READ_PAUSE_MS - performance.now();
    if (this.#wasBrokenOff && pause > 0) {
      this.#timer = setTimeout(() => this.want(wanted), pause);
      return;
    }
    this.#readAt = performance.now();
    this.#wasBrokenOff = false;
    for (const [key, read] of missing) void this.#read(key, read);
  }

  /** Stops loading. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const reading of this.#reading.values()) reading.abort();
    this.#reading.clear();
  }

  /** @param {string} key @param {ReadPage} read */
  async #read(key, read) {
    const reading = new AbortController();
    this.#reading.set(key, reading);
    try {
      const entries = await read(reading.signal);
      if (reading.signal.aborted) return;
      if (entries !== null) this.put(key, entries);
      if (this.#failures > 0) this.onTrouble(null);
      this.#failures = 0;
    } catch (error) {
      if (reading.signal.aborted) return;
      if (!(error instanceof ServiceError)) throw error;
      this.#retryAfter(error);
      return;
    } finally {
      if (this.#reading.get(key) === reading) this.#reading.delete(key);
    }
    this.onChange();
  }

  /** @param {ServiceError} error */
  #retryAfter(error) {
    this.onTrouble(error);
    const pause = Math.max(error.retryAfterS * 1000, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures));
    this.#failures += 1;
    this.#rests = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#rests = false;
      this.onChange();
    }, pause);
  }
}
