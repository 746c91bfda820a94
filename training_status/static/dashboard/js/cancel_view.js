/**
 * The button that cancels a run, with a confirmation dialog.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Status} Status
 */

import { ServiceError } from "./connection/service_error.js";
import { make, setText } from "./dom.js";

export class CancelView {
  /**
   * @param {HTMLElement} element
   * @param {Service} service
   * @param {(status: Status) => void} onStatus called with the status in the service's response
   */
  constructor(element, service, onStatus) {
    this.service = service;
    this.onStatus = onStatus;
    this.button = make("button", { type: "button", class: "quiet-button" }, "Cancel run…");
    this.question = make("p", {});
    this.problem = make("p", { class: "wrong", role: "alert" });
    const keep = make("button", { type: "button" }, "Keep running");
    const stop = make("button", { type: "button", class: "danger" }, "Cancel the run");
    const title = make("h2", { id: "cancel-title" }, "Cancel this run?");
    this.dialog = make("dialog", { class: "question", "aria-labelledby": "cancel-title" });
    this.dialog.append(title, this.question, this.problem, make("p", { class: "choices" }, keep, stop));
    this.button.addEventListener("click", () => {
      this.problem.textContent = "";
      this.dialog.showModal();
    });
    keep.addEventListener("click", () => this.dialog.close());
    stop.addEventListener("click", () => void this.#cancel());
    element.replaceChildren(this.button, this.dialog);
    this.runId = "";
  }

  /** @param {Status} status */
  update(status) {
    const active = status.status === "training" || status.status === "pending";
    this.button.hidden = !active || status.cancel_requested;
    // The question is about one run. It must not cancel another one that takes its place.
    if (this.dialog.open && (!active || status.training_run_id !== this.runId)) this.dialog.close();
    this.runId = status.training_run_id;
    setText(this.question, `Run ${status.run_number} of ${status.domain_name} will be asked to stop. Everything it has reported is kept.`);
  }

  async #cancel() {
    try {
      this.onStatus(/** @type {Status} */ (await this.service.post(this.service.address(`/training-runs/${this.runId}/cancel`))));
      this.dialog.close();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      setText(this.problem, error.message);
    }
  }
}
