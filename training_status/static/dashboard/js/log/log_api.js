/**
 * Requests for the log of one run.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("../types.js").LogPage} LogPage
 * @typedef {import("./log_filter.js").ServerFilter} ServerFilter
 * @typedef {import("../service.js").Service} Service
 *
 * @typedef {Partial<ServerFilter> & {order: "asc" | "desc", page?: number, page_size?: number,
 *   after_seq?: number, before_seq?: number}} LogQuery
 */

export const PAGE_SIZE = 100;
const FIRST_LOOK = 20_000; // entries; small, so that a near match is returned quickly
const LONGEST_LOOK = 400_000;

export class LogApi {
  /**
   * @param {Service} service
   * @param {string} domain
   * @param {number} runNumber
   * @param {(page: LogPage) => void} onPage called with every page received
   */
  constructor(service, domain, runNumber, onPage) {
    this.service = service;
    this.domain = domain;
    this.runNumber = runNumber;
    this.onPage = onPage;
  }

  /**
   * Loads a page of matching entries. Throws ServiceError.
   *
   * @param {LogQuery} query
   * @param {AbortSignal} signal
   */
  async page(query, signal) {
    /** @type {LogPage} */
    const page = await this.service.get(this.#address("", { page_size: PAGE_SIZE, ...query }), signal);
    this.onPage(page);
    return page;
  }

  /** The entry with this number, or null. Throws ServiceError. @param {number} seq @param {AbortSignal} signal */
  async entry(seq, signal) {
    const { logs } = await this.page({ order: "asc", after_seq: seq - 1, before_seq: seq + 1 }, signal);
    return logs[0] ?? null;
  }

  /**
   * The first match from `from` to `to`, both included. Searches in growing parts, so that a
   * near match is found quickly. Throws ServiceError.
   *
   * @param {ServerFilter} serverFilter
   * @param {number} from
   * @param {number} to
   * @param {1 | -1} step direction; null when `to` is in the other direction
   * @param {AbortSignal} signal
   * @returns {Promise<LogEntry | null>}
   */
  async nearest(serverFilter, from, to, step, signal) {
    let at = from;
    let length = FIRST_LOOK;
    while ((to - at) * step >= 0) {
      const edge = step > 0 ? Math.min(to, at + length - 1) : Math.max(to, at - length + 1);
      const { logs, searched_to_seq: reached } = await this.page(
        {
          ...serverFilter,
          order: step > 0 ? "asc" : "desc",
          page_size: 1,
          after_seq: Math.min(at, edge) - 1,
          before_seq: Math.max(at, edge) + 1,
        },
        signal,
      );
      if (logs[0] !== undefined) return logs[0];
      at = (reached ?? edge) + step;
      length = Math.min(length * 4, LONGEST_LOOK);
    }
    return null;
  }

  /** @param {ServerFilter} serverFilter the matching entries @returns the URL of their text download */
  downloadAddress(serverFilter) {
    return this.#address("/download", { ...serverFilter, order: "asc", format: "text" });
  }

  /** @param {string} below @param {Record<string, string | number | readonly string[]>} query */
  #address(below, query) {
    return this.service.address(`/domains/${this.domain}/training-logs${below}`, { run: this.runNumber, ...query });
  }
}
