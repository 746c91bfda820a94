/**
 * Links to the domain's other active runs.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Status} Status
 * @typedef {import("./types.js").RunPage} RunPage
 */

import { runAddress } from "./addresses.js";
import { ServiceError } from "./connection/service_error.js";
import { make } from "./dom.js";
import { displayName } from "./format.js";
import { stateText } from "./run_text.js";

export class OtherRunsView {
  /** @param {HTMLElement} element @param {Service} service @param {string} domain */
  constructor(element, service, domain) {
    this.service = service;
    this.element = element;
    this.domain = domain;
  }

  /** @param {number} shownNumber the run that the page is about */
  async load(shownNumber) {
    /** @type {RunPage} */
    let page;
    try {
      page = await this.service.get(this.service.address(`/domains/${this.domain}/training-runs`, { page_size: 50 }));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.element.hidden = true; // the list may be outdated
      return;
    }
    const others = page.items.filter((run) => run.run_number !== shownNumber && !run.completed_at);
    this.element.hidden = others.length === 0;
    this.element.replaceChildren(
      make("span", {}, others.length === 1 ? "Another run is active: " : `${others.length} other runs are active: `),
      ...others.map((run) => make("a", { href: runAddress(this.domain, run.run_number) }, label(run))),
    );
  }
}

/** @param {Status} run */
function label(run) {
  return `run ${run.run_number}, ${run.progress} %, ${run.status === "training" ? displayName(run.current_step) : stateText(run)}`;
}
