/**
 * Announces new log lines to screen readers, when enabled.
 *
 * The rows are not a live region, as they change with every scroll. A visually hidden region is used instead.
 *
 * @typedef {import("../types.js").LogEntry} LogEntry
 */

import { make } from "../dom.js";
import { oneLine } from "../visible_text.js";

const LINES_AT_ONCE = 5;
const LINES_KEPT = 20;
const CHARACTERS_SPOKEN = 300;

export class ScreenReader {
  /** @param {HTMLElement} region role="log" @param {HTMLInputElement} isOn the switch @param {AbortSignal} signal */
  constructor(region, isOn, signal) {
    this.region = region;
    this.isOn = isOn;
    isOn.checked = false;
    isOn.addEventListener("change", () => this.#switch(), { signal });
    this.#switch();
  }

  /** @param {LogEntry[]} entries the newest ones are announced */
  tell(entries) {
    if (!this.isOn.checked) return;
    for (const { level, message } of entries.slice(-LINES_AT_ONCE)) {
      this.region.append(make("p", {}, `${level}: ${oneLine(message).slice(0, CHARACTERS_SPOKEN)}`));
    }
    while (this.region.childElementCount > LINES_KEPT) this.region.firstElementChild?.remove();
  }

  #switch() {
    this.region.setAttribute("aria-live", this.isOn.checked ? "polite" : "off");
    if (!this.isOn.checked) this.region.replaceChildren();
  }
}
