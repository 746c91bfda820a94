/**
 * The selected lines, and the details of the focused entry.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("./log_filter.js").Selection} Selection
 * @typedef {import("./log_view.js").LogView} LogView
 */

import { LogDetails } from "./log_details.js";

export class LineSelection {
  /** @param {LogView} view @param {(name: string) => HTMLElement} getPart returns the element with that `data-part` */
  constructor(view, getPart) {
    this.view = view;
    this.details = new LogDetails(getPart("details"), getPart);
    /** @type {Selection | null} */
    this.selection = view.storedState.selection();
    /** @type {LogEntry | null | undefined} the one in focus: null when the log has none, undefined while it is not loaded */
    this.entry = undefined;
  }

  /** The line that arrow keys move from; 0 when there is none. */
  get focus() {
    return this.selection?.focus ?? 0;
  }

  /** The selected lines; 0 and 0 when there are none. */
  get range() {
    const { anchor = 0, focus = 0 } = this.selection ?? {};
    return { low: Math.min(anchor, focus), high: Math.max(anchor, focus) };
  }

  /**
   * @param {number} seq
   * @param {LogEntry | undefined} entry loaded when undefined
   * @param {boolean} extends_ extend the selection from its anchor
   */
  select(seq, entry, extends_) {
    this.selection = { anchor: (extends_ && this.selection?.anchor) || seq, focus: seq };
    this.#describe(entry);
  }

  /** Clears the selection. */
  clear() {
    this.selection = null;
    this.details.hide();
  }

  /** Selects the lines in the URL. @returns {boolean} whether the URL has any */
  takeFromAddress() {
    const selection = this.view.storedState.selection();
    if (selection === null) return false;
    this.selection = selection;
    this.#describe();
    return true;
  }

  /** @param {LogEntry[]} entries new ones */
  arrived(entries) {
    const entry = entries.find((one) => one.seq === this.selection?.focus);
    if (entry) this.#describe(entry);
  }

  /** Shows the focused entry with the current search highlighted. */
  show() {
    if (this.selection) this.details.show(this.selection, this.entry, this.view.marked);
  }

  /** @param {LogEntry} [entry] */
  #describe(entry) {
    const { selection } = this;
    this.entry = entry;
    this.show();
    if (entry || selection === null) return;
    void this.view.finder.attempt(async (signal) => {
      const found = await this.view.api.entry(selection.focus, signal);
      if (this.selection !== selection) return;
      this.entry = found;
      this.show();
    });
  }
}
