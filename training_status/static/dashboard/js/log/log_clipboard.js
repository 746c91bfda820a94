/**
 * Copies the selected lines, or a link to them.
 *
 * @typedef {import("./log_view.js").LogView} LogView
 */

import { copyText } from "../clipboard.js";
import { numberText } from "../number_text.js";
import { toServerFilter } from "./log_filter.js";
import { PAGE_SIZE } from "./log_api.js";
import { logText } from "./log_text.js";

const LINES_MAX = 5000;

export class LogClipboard {
  /** @param {LogView} view */
  constructor(view) {
    this.view = view;
  }

  /** Copies a link to the selected lines of this run. */
  async link() {
    const { storedState, filter, lineSelection } = this.view;
    this.#tell(await copyText(storedState.link(filter, lineSelection.selection)), "Copied the link.");
  }

  /** Copies the selected lines that match the filter, in the format of a download. */
  async lines() {
    const lines = await this.view.finder.attempt((signal) => this.#read(signal));
    if (lines === undefined) return;
    const copied = lines.slice(0, LINES_MAX);
    const most = lines.length > LINES_MAX ? ", the maximum; download the log to get all lines" : "";
    const amount = copied.length === 1 ? "1 line" : `${numberText(copied.length)} lines`;
    this.#tell(await copyText(copied.join("")), `Copied ${amount}${most}.`);
  }

  /** @param {AbortSignal} signal */
  async #read(signal) {
    const { low, high } = this.view.lineSelection.range;
    let after = low - 1;
    const lines = [];
    const serverFilter = low === high ? {} : toServerFilter(this.view.filter);
    while (lines.length <= LINES_MAX && after < high) {
      const page = await this.view.api.page({ ...serverFilter, order: "asc", after_seq: after, before_seq: high + 1 }, signal);
      for (const entry of page.logs) lines.push(logText(entry));
      const isLast = page.logs.length < PAGE_SIZE && page.searched_to_seq === null;
      after = isLast ? high : Math.max(page.logs.at(-1)?.seq ?? 0, page.logs.length < PAGE_SIZE ? (page.searched_to_seq ?? 0) : 0);
    }
    return lines;
  }

  /** @param {boolean} wasCopied @param {string} sentence */
  #tell(wasCopied, sentence) {
    this.view.notice(wasCopied ? sentence : "The browser does not allow the page to copy.");
  }
}
