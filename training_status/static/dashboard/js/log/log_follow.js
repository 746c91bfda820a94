/**
 * Following the end of the log: on until somebody scrolls up, on again at the end.
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
   * @param {() => void} onChange the place in the log, or whether it is followed, has changed
   * @param {AbortSignal} signal listens until it is aborted
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

  /** Where we have scrolled to ourselves; anything else is somebody's wish. */
  #place = 0;

  /** So many lines have come. @param {number} rows */
  grew(rows) {
    if (!this.isOn) this.missed += rows;
  }

  /** Stay where one is. */
  pause() {
    if (!this.isOn) return;
    this.isOn = false;
    this.missed = 0;
    this.onChange();
  }

  /** Go to the end and stay there. */
  resume() {
    this.isOn = true;
    this.missed = 0;
    this.onChange();
  }

  /** The other way round. */
  switch() {
    if (this.isOn) this.pause();
    else this.resume();
  }

  /** @param {number} top scroll there, in pixels */
  scrollTo(top) {
    this.rows.virtualScroll.top = top;
    this.#place = this.rows.virtualScroll.top;
  }

  /** Be at the end while following; say how it is. */
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
