/**
 * The connection state of the page, and the age of its data while disconnected.
 *
 * @typedef {import("./stream.js").StreamState} StreamState
 */

import { make, setText } from "./dom.js";
import { ageText } from "./run_text.js";

const QUIET_MS = 1500; // shorter interruptions are not shown

export class ConnectionView {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.text = make("span");
    element.replaceChildren(this.text);
    /** @type {StreamState} */
    this.state = "connecting";
    this.why = "";
    this.seenAt = Date.now();
  }

  /** Records that data was received. */
  seen() {
    this.seenAt = Date.now();
  }

  /** @param {StreamState} state @param {string} why */
  update(state, why) {
    // A reconnection attempt does not end the interruption.
    if (state === "connecting" && (this.state === "waiting" || this.state === "ended")) return;
    if (state === "open") this.seen();
    this.state = state;
    this.why = why;
    this.tick();
  }

  /** Updates what depends on the time. */
  tick() {
    const age = Date.now() - this.seenAt;
    const lost = this.state === "waiting" && age > QUIET_MS;
    // A short interruption is shown as open.
    const shown = this.state === "waiting" && !lost ? "open" : this.state;
    this.element.className = `connection ${shown}`;
    if (this.state === "refused") setText(this.text, this.why);
    else if (lost) setText(this.text, `last update ${ageText(age / 1000)}, reconnecting`);
    else setText(this.text, this.state === "ended" ? "finished" : this.state === "connecting" ? "connecting…" : "live");
  }
}
