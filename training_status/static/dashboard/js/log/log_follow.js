/**
 * Follows the end of the log. Scrolling up stops following; scrolling to the end resumes it.
 *
 * @typedef {import("./log_window.js").LogWindow} LogWindow
 */

import { setText } from "../dom.js";
import { numberText } from "../number_text.js";

export class LogFollow {
  /**
   * @param {LogWindow} rows
   * @param {(name: string) => HTMLElement} getPart returns the element with that `data-part`
   * @param {boolean} isOn
   * @param {() => void} onChange called when the scroll position or the following state changes
   * @param {AbortSignal} signal removes the listeners when aborted
   */
  constructor(rows, getPart, isOn, onChange, signal) {
    this.rows = rows;
    this.isOn = isOn;
    this.onChange = onChange;
    this.button = getPart("latest");
    this.toggle = getPart("follow");
    this.missed = 0;
    this.button.addEventListener("click", () => this.resume(), { signal });
    this.toggle.addEventListener("click", () => this.switch(), { signal });
    rows.scroller.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
  }

  /** The position set by this class; other positions come from the user. */
  #place = 0;

  /** Counts new lines. @param {number} rows */
  grew(rows) {
    if (!this.isOn) this.missed += rows;
  }

  /** Stops following. */
  pause() {
    if (!this.isOn) return;
    this.isOn = false;
    this.missed = 0;
    this.onChange();
  }

  /** Goes to the end and follows it. */
  resume() {
    this.isOn = true;
    this.missed = 0;
    this.onChange();
  }

  /** Toggles following. */
  switch() {
    if (this.isOn) this.pause();
    else this.resume();
  }

  /** @param {number} top scroll there, in pixels */
  scrollTo(top) {
    this.rows.virtualScroll.top = top;
    this.#place = this.rows.virtualScroll.top;
  }

  /** Scrolls to the end while following, and updates the buttons. */
  update() {
    if (this.isOn) this.scrollTo(this.rows.virtualScroll.height);
    this.toggle.setAttribute("aria-pressed", String(this.isOn));
    this.button.hidden = this.isOn || (this.missed === 0 && this.rows.isAtEnd);
    setText(this.button, this.missed ? `Jump to latest (${numberText(this.missed)} new)` : "Jump to latest");
  }

  #scrolled() {
    this.rows.virtualScroll.scrolled();
    const { top } = this.rows.virtualScroll;
    if (this.isOn && top < this.#place && !this.rows.isAtEnd) this.pause();
    else if (!this.isOn && top > this.#place && this.rows.isAtEnd) this.resume();
    this.#place = top;
    this.onChange();
  }
}
