/**
 * The searched ranges of a filtered log: ranges of entries, oldest first and without gaps, each with the number of its matches.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 *
 * @typedef {object} SearchedRange
 * @property {number} id
 * @property {number} low the first entry looked at
 * @property {number} high the last
 * @property {number} total number of matches
 * @property {LogEntry[] | null} live the matches, of a range of live entries
 */

const LIVE_MAX = 500;

export class SearchedRanges {
  /** @type {SearchedRange[]} */
  #ranges = [];
  #ids = 0;

  get isEmpty() {
    return this.#ranges.length === 0;
  }

  get total() {
    return this.#ranges.reduce((sum, range) => sum + range.total, 0);
  }

  [Symbol.iterator]() {
    return this.#ranges[Symbol.iterator]();
  }

  /** An older one. @param {number} low @param {number} high @param {number} total */
  putFirst(low, high, total) {
    const range = this.#make(low, high, total);
    this.#ranges.unshift(range);
    return range;
  }

  /** A newer one. @param {number} low @param {number} high @param {number} total */
  putLast(low, high, total) {
    const range = this.#make(low, high, total);
    this.#ranges.push(range);
    return range;
  }

  /**
   * Adds live matches of entries up to `high`. Older live matches are dropped and loaded again on demand.
   *
   * @param {LogEntry[]} entries
   * @param {number} low the first entry that no range covers
   * @param {number} high
   */
  putLive(entries, low, high) {
    let newest = this.#ranges.at(-1);
    if (!newest?.live || newest.live.length >= LIVE_MAX) {
      const before = this.#ranges.at(-2);
      if (newest?.live && before) before.live = null;
      newest = this.putLast(low, high, 0);
      newest.live = [];
    }
    newest.live?.push(...entries);
    newest.total += entries.length;
    newest.high = high;
  }

  /** Splits a range: entries before `reached` become a range of their own. @param {SearchedRange} range @param {number} reached @param {number} total from `reached` on */
  divide(range, reached, total) {
    const older = this.#make(range.low, reached - 1, range.total - total);
    range.low = reached;
    range.total = total;
    this.#ranges.splice(this.#ranges.indexOf(range), 0, older);
  }

  /** Removes entries before this one, which the service has pruned. @param {number} first */
  forget(first) {
    this.#ranges = this.#ranges.filter((range) => range.high >= first);
    for (const range of this.#ranges) range.low = Math.max(range.low, first);
  }

  /** The range of a row, and the row's offset in it. @param {number} index */
  placeOf(index) {
    let offset = index;
    for (const range of this.#ranges) {
      if (offset < range.total) return { range, offset };
      offset -= range.total;
    }
    return null;
  }

  /** @param {number} low @param {number} high @param {number} total @returns {SearchedRange} */
  #make(low, high, total) {
    return { id: this.#ids++, low, high, total, live: null };
  }
}
