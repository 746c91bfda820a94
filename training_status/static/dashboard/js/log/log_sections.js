/**
 * The sections of a filtered log: ranges of entries, oldest first and without gaps, each with the number of its matches.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 *
 * @typedef {object} Section
 * @property {number} id
 * @property {number} low the first entry looked at
 * @property {number} high the last
 * @property {number} total how many of them match
 * @property {LogEntry[] | null} live the matches, of a section that came live
 */

const LIVE_MAX = 500;

export class LogSections {
  /** @type {Section[]} */
  #sections = [];
  #ids = 0;

  get isEmpty() {
    return this.#sections.length === 0;
  }

  get total() {
    return this.#sections.reduce((sum, section) => sum + section.total, 0);
  }

  [Symbol.iterator]() {
    return this.#sections[Symbol.iterator]();
  }

  /** An older one. @param {number} low @param {number} high @param {number} total */
  putFirst(low, high, total) {
    const section = this.#make(low, high, total);
    this.#sections.unshift(section);
    return section;
  }

  /** A newer one. @param {number} low @param {number} high @param {number} total */
  putLast(low, high, total) {
    const section = this.#make(low, high, total);
    this.#sections.push(section);
    return section;
  }

  /**
   * Matches that came live, of entries up to `high`. What is long past is let go, and read again when it is wanted.
   *
   * @param {LogEntry[]} entries
   * @param {number} low the first entry that none of the sections has
   * @param {number} high
   */
  putLive(entries, low, high) {
    let newest = this.#sections.at(-1);
    if (!newest?.live || newest.live.length >= LIVE_MAX) {
      const before = this.#sections.at(-2);
      if (newest?.live && before) before.live = null;
      newest = this.putLast(low, high, 0);
      newest.live = [];
    }
    newest.live?.push(...entries);
    newest.total += entries.length;
    newest.high = high;
  }

  /** What is before `reached` becomes a section of its own. @param {Section} section @param {number} reached @param {number} total from `reached` on */
  divide(section, reached, total) {
    const older = this.#make(section.low, reached - 1, section.total - total);
    section.low = reached;
    section.total = total;
    this.#sections.splice(this.#sections.indexOf(section), 0, older);
  }

  /** Entries before this one are no longer kept. @param {number} first */
  forget(first) {
    this.#sections = this.#sections.filter((section) => section.high >= first);
    for (const section of this.#sections) section.low = Math.max(section.low, first);
  }

  /** The section that a row is in, and its place there. @param {number} index */
  placeOf(index) {
    let offset = index;
    for (const section of this.#sections) {
      if (offset < section.total) return { section, offset };
      offset -= section.total;
    }
    return null;
  }

  /** @param {number} low @param {number} high @param {number} total @returns {Section} */
  #make(low, high, total) {
    return { id: this.#ids++, low, high, total, live: null };
  }
}
