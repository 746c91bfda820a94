/**
 * Navigates to the next or previous match or error.
 *
 * @typedef {import("./log_view.js").LogView} LogView
 * @typedef {import("./log_filter.js").ServerFilter} ServerFilter
 */

import { ServiceError } from "../connection/service_error.js";
import { ERROR_LEVELS, matches, toServerFilter } from "./log_filter.js";

const EVERYTHING = { level: [], step: "", search: "" };

export class LogFinder {
  /** @param {LogView} view */
  constructor(view) {
    this.view = view;
  }

  #ending = new AbortController();
  #finding = new AbortController();

  /** Stops searching. */
  stop() {
    this.#ending.abort();
    this.#finding.abort();
  }

  /**
   * Runs a request and shows a notice when it fails. Returns undefined on failure or abort.
   *
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} ask
   * @param {AbortSignal} signal
   * @returns {Promise<T | undefined>}
   */
  async attempt(ask, signal = this.#ending.signal) {
    try {
      return await ask(signal);
    } catch (error) {
      if (error instanceof ServiceError) this.view.notice(error.message);
      else if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
      return undefined;
    }
  }

  /** Selects the next or previous match. @param {1 | -1} step */
  async match(step) {
    const { filter } = this.view;
    if (filter.search === "") this.view.notice("Enter a search term.");
    else await this.#go({ ...toServerFilter(filter), search: filter.search }, step, "match");
  }

  /** Selects the next or previous error among the shown levels. @param {1 | -1} step */
  async error(step) {
    const shown = toServerFilter(this.view.filter);
    const level = ERROR_LEVELS.filter((one) => shown.level.length === 0 || shown.level.includes(one));
    if (level.length === 0) this.view.notice("The level filter hides all errors.");
    else await this.#go({ ...shown, level }, step, "error");
  }

  /** Selects the first error of the log. */
  async firstError() {
    const { first, last } = this.view.results;
    const serverFilter = { ...EVERYTHING, level: ERROR_LEVELS };
    const found = await this.#find((signal) => this.view.api.nearest(serverFilter, first, last, 1, signal));
    if (found === undefined) return;
    if (found === null) this.view.notice("The log contains no errors.");
    else this.#show(found);
  }

  /** @param {ServerFilter} serverFilter @param {1 | -1} step @param {string} noun */
  async #go(serverFilter, step, noun) {
    const { results, api, rows } = this.view;
    const { selection } = this.view.lineSelection;
    const begin = step > 0 ? results.first : results.last;
    const end = step > 0 ? results.last : results.first;
    const top = results.list.seqAt(rows.top) ?? begin;
    const from = selection ? selection.focus + step : step > 0 ? top : top - 1;
    let wrapped = false;
    this.view.notice("");
    const found = await this.#find(async (signal) => {
      const ahead = await api.nearest(serverFilter, from, end, step, signal);
      wrapped = ahead === null;
      return ahead ?? (await api.nearest(serverFilter, begin, from - step, step, signal));
    });
    if (found === undefined) return;
    if (found === null) {
      this.view.notice(`No ${noun}.`);
      return;
    }
    if (wrapped) this.view.notice(step > 0 ? "Search continued from the first line." : "Search continued from the last line.");
    this.#show(found);
  }

  /** @template T @param {(signal: AbortSignal) => Promise<T>} ask aborts the previous search */
  #find(ask) {
    this.#finding.abort();
    this.#finding = new AbortController();
    return this.attempt(ask, this.#finding.signal);
  }

  /** @param {import("../types.js").LogEntry} entry */
  #show(entry) {
    const { view } = this;
    view.select(entry.seq, entry);
    if (!matches(entry, toServerFilter(view.filter))) view.show({ levels: [], step: "", search: view.filter.search, only: false });
    void view.reveal(entry.seq);
  }
}
