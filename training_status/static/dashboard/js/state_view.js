/**
 * The run's state, with a notice that explains pending, stalled, hanging and failed runs.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Status} Status
 */

import { make, setText } from "./dom.js";
import { showMessage } from "./log/message_text.js";
import { displayName } from "./format.js";
import { ageText, durationText, secondsSince, stateClass, stateText } from "./run_text.js";

export class StateView {
  /**
   * @param {HTMLElement} element
   * @param {Service} service
   * @param {(() => void) | null} showFirstError action of the link to the first error; null without a log
   */
  constructor(element, service, showFirstError) {
    this.service = service;
    this.state = make("span", { class: "state" });
    this.age = make("span", { class: "about" });
    this.notice = make("p", { class: "notice" });
    this.error = make("pre", { class: "error-message", tabindex: "0", dir: "auto" });
    this.link = make("button", { type: "button", class: "link" }, "Show the first error in the log");
    if (showFirstError) this.link.addEventListener("click", showFirstError);
    this.hasLog = showFirstError !== null;
    for (const nothing of [this.notice, this.error, this.link]) nothing.hidden = true;
    element.replaceChildren(make("p", { class: "state-line" }, this.state, " ", this.age), this.notice, this.error, this.link);
    /** @type {Status | null} */
    this.status = null;
    /** @type {string | null} */
    this.shown = null;
  }

  /** @param {Status} status */
  update(status) {
    this.status = status;
    this.state.className = `state ${stateClass(status)}`;
    setText(this.state, stateText(status));
    if (this.shown !== status.error_message) showMessage(this.error, status.error_message ?? "", { marked: null });
    this.shown = status.error_message;
    this.error.hidden = !status.error_message;
    this.link.hidden = !this.hasLog || status.status !== "failed" || status.failure_reason === "cancelled";
    this.tick();
  }

  /** Updates what depends on the time. */
  tick() {
    if (this.status === null) return;
    const now = this.service.now();
    const sentence = notice(this.status, now);
    setText(this.notice, sentence);
    this.notice.hidden = sentence === "";
    this.notice.className = `notice ${stateClass(this.status)}`;
    setText(this.age, this.status.completed_at ? "" : `last update ${ageText(secondsSince(this.status.last_report_at, now))}`);
  }
}

/** @param {Status} status @param {number} now */
function notice(status, now) {
  if (status.status === "pending") return "Waiting for the training's first event.";
  if (status.status === "failed") {
    const phase = displayName(status.current_step);
    if (status.failure_reason === "lost") return `Lost in ${phase}: the service received nothing more from the training. The run resumes if it reports again.`;
    if (status.failure_reason === "cancelled") return `Cancelled in ${phase}.`;
    return `Failed in ${phase}.`;
  }
  if (status.status !== "training") return "";
  if (status.cancel_reason) return `Cancel requested: ${status.cancel_reason}. Waiting for the training to stop.`;
  if (status.cancel_requested) return "Cancel requested. Waiting for the training to stop.";
  if (status.health === "stalled") return `No report from the training for ${durationText(secondsSince(status.last_report_at, now))}. It may be busy, disconnected, or no longer running.`;
  if (status.health === "hanging") return "The training sends heartbeats, but has reported no progress for a long time.";
  return "";
}
