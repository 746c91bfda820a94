/**
 * The one status region that speaks: at phase changes and ends, not at every tick.
 *
 * @typedef {import("./types.js").Status} Status
 */

import { visibleText } from "./visible_text.js";
import { formatState, displayName } from "./format.js";

export class Announcer {
  /** @param {HTMLElement} element with role="status" */
  constructor(element) {
    this.element = element;
    /** @type {string | null} */
    this.said = null;
  }

  /** @param {string} sentence what came of something that somebody has done */
  say(sentence) {
    this.element.textContent = visibleText(sentence);
  }

  /** @param {Status} status */
  update(status) {
    const sentence =
      status.status === "training"
        ? `Run ${status.run_number}: ${displayName(status.current_step)}`
        : `Run ${status.run_number}: ${formatState(status)}`;
    // What was so when the page was opened is read with the page.
    if (this.said !== null && sentence !== this.said) this.element.textContent = visibleText(sentence);
    this.said = sentence;
  }
}
