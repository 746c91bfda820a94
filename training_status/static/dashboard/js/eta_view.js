/**
 * The time left, the expected time of completion, and the elapsed time.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Status} Status
 */

import { make, setText } from "./dom.js";
import { formatTime, formatTimeRange } from "./format.js";
import { elapsedText, forecastBasisText, timeLeftText } from "./run_text.js";

export class EtaView {
  /** @param {HTMLElement} element @param {Service} service */
  constructor(element, service) {
    this.service = service;
    this.left = make("p", { class: "time-left" });
    this.clock = make("p", { class: "about" });
    this.range = make("p", { class: "about" });
    this.elapsed = make("p", { class: "about" });
    element.replaceChildren(this.left, this.clock, this.range, this.elapsed);
    /** @type {Status | null} */
    this.status = null;
  }

  /** @param {Status} status */
  update(status) {
    this.status = status;
    this.tick();
  }

  /** Updates what depends on the time. */
  tick() {
    if (this.status === null) return;
    const now = this.service.now();
    const { status, forecast, estimated_completion: linear, completed_at: ended } = this.status;
    const completion = this.status.health === "ok" ? (forecast?.completion ?? linear) : null;
    setText(this.left, ended ? endedWords(status) : timeLeftText(this.status, now));
    if (ended) setText(this.clock, formatTime(ended, now));
    else setText(this.clock, completion && Date.parse(completion) > now ? `at ${formatTime(completion, now)}` : "");
    setText(this.range, forecast && !ended ? `${formatTimeRange(forecast.low, forecast.high, now)}, ${forecastBasisText(forecast)}` : "");
    setText(this.elapsed, elapsedText(this.status, now));
  }
}

/** @param {Status["status"]} status */
function endedWords(status) {
  return status === "completed" ? "Completed" : "Ended";
}
