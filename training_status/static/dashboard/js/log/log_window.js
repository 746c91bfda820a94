/**
 * A virtual list: only the visible rows exist as elements.
 *
 * The spacer is as high as all rows together (`virtual_scroll.js`), which keeps the scroll bar true; the rows that are in sight, and a few
 * beside them, stand where they belong in it. A row that stays in sight keeps its element, so that marked text stays marked.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 * @typedef {import("./log_row.js").RowAppearance} RowAppearance
 *
 * @typedef {object} RowSource
 * @property {number} total
 * @property {(index: number) => LogEntry | undefined} entryAt
 * @property {(index: number) => number | undefined} seqAt
 * @property {(from: number, to: number) => void} need
 */

import { dayOf, dayWords } from "./log_days.js";
import { LogRow } from "./log_row.js";
import { VirtualScroll } from "./virtual_scroll.js";

export const ROW_HEIGHT = 16;
const OVERSCAN = 8;

export class LogWindow {
  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} spacer
   * @param {HTMLElement} rows where the rows are
   */
  constructor(scroller, spacer, rows) {
    this.scroller = scroller;
    this.virtualScroll = new VirtualScroll(scroller, spacer);
    this.element = rows;
    rows.replaceChildren();
    /** @type {Map<number, LogRow>} by index */
    this.rows = new Map();
    /** @type {LogRow[]} */
    this.spare = [];
  }

  /** The first visible row. */
  get top() {
    return Math.floor(this.virtualScroll.top / ROW_HEIGHT);
  }

  /** The number of fully visible rows. */
  get height() {
    return Math.max(1, Math.floor(this.scroller.clientHeight / ROW_HEIGHT));
  }

  /** Whether the last row is visible. */
  get isAtEnd() {
    return this.virtualScroll.bottom >= this.virtualScroll.height - ROW_HEIGHT / 2;
  }

  /** @param {number} total the number of rows */
  resize(total) {
    this.virtualScroll.resize(total * ROW_HEIGHT);
    this.scroller.setAttribute("aria-rowcount", String(total));
  }

  /** Releases all rows, as their indices have changed. */
  forget() {
    for (const row of this.rows.values()) {
      row.element.remove();
      this.spare.push(row);
    }
    this.rows.clear();
  }

  /**
   * Draws the visible rows.
   *
   * @param {RowSource} list
   * @param {(seq: number | undefined) => Omit<RowAppearance, "day">} appearanceOf
   */
  draw(list, appearanceOf) {
    const start = Math.max(0, Math.min(this.top, list.total - 1) - OVERSCAN);
    const end = Math.min(list.total, this.top + this.height + 2 + OVERSCAN);
    if (end > start) list.need(start, end - 1);
    for (const [index, row] of this.rows) {
      if (index >= start && index < end) continue;
      row.element.remove();
      this.rows.delete(index);
      this.spare.push(row);
    }
    this.element.style.setProperty("transform", `translateY(${start * ROW_HEIGHT - this.virtualScroll.shift}px)`);
    /** @type {HTMLElement | null} */
    let next = null;
    const today = dayOf(Date.now());
    const { first } = this.sight;
    for (let index = end - 1; index >= start; index--) {
      let row = this.rows.get(index);
      if (row === undefined) {
        row = this.spare.pop() ?? new LogRow();
        this.rows.set(index, row);
        this.element.insertBefore(row.element, next);
      }
      next = row.element;
      const seq = list.seqAt(index);
      const entry = list.entryAt(index);
      const day = entry ? dayWords(entry.timestamp, index > 0 ? list.entryAt(index - 1)?.timestamp : undefined, index === first, today) : "";
      row.show(index, seq, entry, { ...appearanceOf(seq), day });
    }
  }

  /** The first and the last fully visible row. */
  get sight() {
    const { top, bottom } = this.virtualScroll;
    return { first: Math.ceil(top / ROW_HEIGHT), last: Math.floor(bottom / ROW_HEIGHT) - 1 };
  }

  /** Whether the row is fully visible. @param {number} index */
  shows(index) {
    const { first, last } = this.sight;
    return first <= index && index <= last;
  }

  /** The nearest scroll position at which the row is fully visible. @param {number} index */
  nearestTop(index) {
    const below = (index + 1) * ROW_HEIGHT - this.scroller.clientHeight;
    return Math.max(below, Math.min(index * ROW_HEIGHT, this.virtualScroll.top));
  }

  /** The row that shows this entry; undefined when none does. @param {number} seq */
  indexOf(seq) {
    for (const [index, row] of this.rows) if (row.seq === seq) return index;
    return undefined;
  }

  /** The entry with this number, when a row shows it. @param {number} seq */
  entryOf(seq) {
    return this.rows.get(this.indexOf(seq) ?? -1)?.entry;
  }

  /** Marks the line that arrow keys move from. @param {number} seq */
  activate(seq) {
    const row = this.rows.get(this.indexOf(seq) ?? -1);
    if (row) this.scroller.setAttribute("aria-activedescendant", row.element.id);
    else this.scroller.removeAttribute("aria-activedescendant");
  }

  /** @param {number} digits of the largest line number */
  setNumberWidth(digits) {
    this.element.style.setProperty("--log-number-width", `${Math.max(3, digits)}ch`);
  }

  /** The entry whose row this node is in. @param {EventTarget | null} node */
  seqOf(node) {
    const row = node instanceof Element ? node.closest(".log-row") : null;
    return Number(row?.id.replace("log-line-", "")) || null;
  }
}
