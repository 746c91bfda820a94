/**
 * The progress of a run: percentage, phase bar, and the progress and duration of each phase.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Status} Status
 * @typedef {import("./types.js").PhaseTime} PhaseTime
 * @typedef {import("./types.js").Run} Run
 */

import { make } from "./dom.js";
import { showMessage } from "./log/message_text.js";
import { setShares } from "./phase_bar.js";
import { displayName, progressText } from "./format.js";
import { durationText, secondsSince, stepPercent } from "./run_text.js";

export class ProgressView {
  /** @param {HTMLElement} element @param {Service} service */
  constructor(element, service) {
    this.service = service;
    this.percent = make("p", { class: "percent-large" });
    this.bar = make("div", { class: "phase-bar large", role: "progressbar", "aria-label": "Progress of the run" });
    this.bar.setAttribute("aria-valuemin", "0");
    this.bar.setAttribute("aria-valuemax", "100");
    this.legend = make("ol", { class: "steps" });
    this.message = make("p", { class: "latest-message", dir: "auto" });
    element.replaceChildren(this.percent, this.bar, this.legend, this.message);
    /** @type {PhaseTime[]} */
    this.times = [];
    /** @type {Run["expected_phases"]} */
    this.expected = null;
    /** @type {Status | null} */
    this.status = null;
    /** @type {string | null} */
    this.shown = null;
  }

  /** @param {Run} run with the start, end and expected duration of each phase */
  setTimes({ phase_times: times, expected_phases: expected }) {
    this.times = times;
    this.expected = expected;
    this.tick();
  }

  /** @param {Status} status */
  update(status) {
    this.status = status;
    if (this.bar.childElementCount !== status.steps.length) this.#build(status);
    this.percent.textContent = `${status.progress} %`;
    this.bar.setAttribute("aria-valuenow", String(status.progress));
    this.bar.setAttribute("aria-valuetext", progressText(status));
    status.steps.forEach((step, index) => {
      const part = /** @type {HTMLProgressElement} */ (this.bar.children[index]);
      const line = /** @type {HTMLElement} */ (this.legend.children[index]);
      part.value = step.progress;
      part.className = line.className = step.status;
      line.toggleAttribute("aria-current", step.status === "in_progress");
    });
    if (this.shown !== status.message) showMessage(this.message, status.message ?? "", { marked: null });
    this.shown = status.message;
    this.tick();
  }

  /** Updates what depends on the time. */
  tick() {
    this.status?.steps.forEach((step, index) => {
      const [, state, time] = this.legend.children[index]?.children ?? [];
      if (!state || !time) return;
      const progress = step.status === "in_progress" || step.status === "failed" ? `${stepPercent(step)} %` : "";
      state.textContent = progress || displayName(step.status);
      time.textContent = this.#timeWords(step);
    });
  }

  /** @param {Status} status */
  #build(status) {
    this.bar.replaceChildren();
    setShares(this.bar, status.steps);
    this.legend.replaceChildren();
    for (const step of status.steps) {
      this.bar.append(make("progress", { max: "100", "aria-hidden": "true", title: displayName(step.name) }));
      const name = make("span", { class: "step-name" }, displayName(step.name));
      this.legend.append(make("li", {}, name, make("span", { class: "step-state" }), make("span", { class: "step-time" })));
    }
  }

  /** @param {Status["steps"][number]} step the elapsed time of the phase, and its expected duration until it completes */
  #timeWords({ name, status }) {
    const taken = this.#timeTaken(name);
    const seconds = this.expected?.find((one) => one.phase === name)?.seconds;
    if (seconds === undefined || status === "completed" || this.status?.status !== "training") return taken;
    return taken ? `${taken} of about ${durationText(seconds)}` : `about ${durationText(seconds)}`;
  }

  /** @param {string} phase */
  #timeTaken(phase) {
    const time = this.times.find((one) => one.phase === phase);
    if (!time) return "";
    const active = this.status?.status === "training";
    const end = time.ended_at ?? (active ? this.service.now() : this.status?.completed_at);
    return end ? durationText(secondsSince(time.started_at, Number(new Date(end)))) : "";
  }
}
