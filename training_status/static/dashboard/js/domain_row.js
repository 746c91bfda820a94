/**
 * One row of the domains table.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Status} Status
 */

import { make, setText } from "./dom.js";
import { metricElement } from "./metric_element.js";
import { setShares } from "./phase_bar.js";
import { ageText, secondsSince, stateClass, stateText, stepPercent, timeLeftText } from "./run_text.js";
import { oneLine } from "./visible_text.js";
import { displayName, formatTime, progressText } from "./format.js";

export class DomainRow {
  /**
   * @param {HTMLTableRowElement} element with the domain in its first cell
   * @param {string} domain
   * @param {Service} service
   * @param {Status | null} status of the latest run; null without a run
   */
  constructor(element, domain, service, status) {
    this.service = service;
    this.element = element;
    this.domain = domain;
    this.about = element.textContent ?? "";
    this.status = status;
    if (status) this.update(status);
  }

  /** @param {Status} status */
  update(status) {
    const first = this.element.cells[0];
    if (!first) return;
    this.status = status;
    this.state = make("span");
    this.left = make("td");
    this.started = make("td");
    const name = this.domain;
    const percent = make("span", { class: "percent" }, `${status.progress} %`);
    // The first cell is not moved: moving it would take the focus from its link.
    while (first.nextSibling) first.nextSibling.remove();
    first.after(
      make("td", {}, this.state),
      make("td", {}, bar(name, status), percent),
      make("td", {}, displayName(status.current_step), about(status.error_message ?? status.message)),
      this.left,
      make("td", {}, ...metrics(status)),
      this.started,
    );
    this.tick();
  }

  /** Updates what depends on the time. */
  tick() {
    if (!this.status || !this.state || !this.left || !this.started) return;
    const now = this.service.now();
    this.state.className = `state ${stateClass(this.status)}`;
    setText(this.state, stateText(this.status));
    setText(this.left, timeLeftText(this.status, now));
    const { started_at: started, run_number: number } = this.status;
    const when = started ? `${formatTime(started, now)}, ${ageText(secondsSince(started, now))}` : "not started";
    if (this.started.firstChild?.textContent !== when) {
      this.started.replaceChildren(make("time", { datetime: started ?? "" }, when), about(`run ${number}`));
    }
  }

  /** @param {string} text in lower case @returns {boolean} whether the row contains it */
  has(text) {
    return `${this.about} ${this.element.textContent}`.toLowerCase().includes(text);
  }
}

/** @param {string} domain @param {Status} status */
function bar(domain, status) {
  const parts = status.steps.map((step) =>
    make("progress", {
      class: step.status,
      max: "100",
      value: String(step.progress),
      title: `${displayName(step.name)}: ${stepPercent(step)} %`,
      "aria-hidden": "true",
    }),
  );
  const element = make(
    "div",
    {
      class: "phase-bar",
      role: "progressbar",
      "aria-label": `Progress of ${domain}`,
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      "aria-valuenow": String(status.progress),
      "aria-valuetext": progressText(status),
    },
    ...parts,
  );
  setShares(element, status.steps);
  return element;
}

/** @param {string | null} text */
function about(text) {
  const shown = oneLine(text ?? "");
  return make("span", { class: "about", dir: "auto" }, shown.length > 80 ? `${shown.slice(0, 79)}…` : shown);
}

/** @param {Status} status */
function metrics(status) {
  const all = Object.entries(status.metrics).sort(([a], [b]) => a.localeCompare(b));
  if (all.length === 0) return [make("span", { class: "none" }, "none yet")];
  return all.map(([name, value]) =>
    make("span", { class: "metric" }, `${displayName(name)} `, metricElement(value)),
  );
}
