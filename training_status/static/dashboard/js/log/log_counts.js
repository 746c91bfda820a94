/**
 * The number of entries of each level: as counted by the service, plus the entries received since.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("../types.js").LogPage} LogPage
 */

export class LogCounts {
  /** @param {Readonly<LogPage["level_counts"]>} counts @param {number} countedTo the last entry that is counted */
  constructor(counts, countedTo) {
    this.counts = counts;
    this.countedTo = countedTo;
  }

  /** @param {Pick<LogPage, "last_seq" | "level_counts">} log counts from the service; ignored when older than ours */
  learn(log) {
    if (log.last_seq < this.countedTo) return;
    this.counts = log.level_counts;
    this.countedTo = log.last_seq;
  }

  /** @param {LogEntry[]} entries in order @returns {boolean} false after a gap, when the counts must be loaded */
  add(entries) {
    const added = entries.filter((entry) => entry.seq > this.countedTo);
    if (added[0] && added[0].seq > this.countedTo + 1) return false;
    const counts = { ...this.counts };
    for (const { level } of added) counts[level] = (counts[level] ?? 0) + 1;
    this.counts = counts;
    this.countedTo = added.at(-1)?.seq ?? this.countedTo;
    return true;
  }
}
