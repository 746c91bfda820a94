/**
 * The live region that announces phase changes and the end of a run to screen readers.
 *
 * @typedef {import("./types.js").Status} Status
 */

import { visibleText } from "./visible_text.js";
import { displayName } from "./format.js";
import { stateText } from "./run_text.js";

export class Announcer {
  /** @param {HTMLElement} element with role="status" */
  constructor(element) {
    this.element = element;
    /** @type {string | null} */
    this.said = null;
  }

  /** @param {string} sentence the outcome of a user action */
  say(sentence) {
    this.element.textContent = visibleText(sentence);
  }

  /** @param {Status} status */
  update(status) {
    const sentence =
      status.status === "training"
        ? `Run ${status.run_number}: ${displayName(status.current_step)}`
        : `Run ${status.run_number}: ${stateText(status)}`;
    // The state at page load is not announced: screen readers read it with the page.
    if (this.said !== null && sentence !== this.said) this.element.textContent = visibleText(sentence);
    this.said = sentence;
  }
}
