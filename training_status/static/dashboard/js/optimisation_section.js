/**
 * The section about the optimiser on the run page. Its scripts and styles are loaded when a run has something to show.
 *
 * @typedef {import("./optimisation/optimisation_view.js").OptimisationView} OptimisationView
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").Run} Run
 * @typedef {import("./types.js").Status} Status
 */

import { make } from "./dom.js";

export class OptimisationSection {
  /** @type {OptimisationView | null} */
  #view = null;
  /** @type {Run | null} */
  #run = null;
  /** @type {Status | null} */
  #status = null;
  /** @type {Promise<typeof import("./optimisation/optimisation_view.js")> | null} */
  #loading = null;

  /** @param {HTMLElement} element hidden, with the addresses of its styles and modules as `data-stylesheet` and `data-modules` @param {Service} service */
  constructor(element, service) {
    this.element = element;
    this.service = service;
    this.content = make("div");
    element.append(this.content);
  }

  /** Shows what was found so far, if anything, and replaces what another run found. @param {Run} run */
  mount(run) {
    this.#view?.end();
    this.#view = null;
    this.#run = run;
    this.#status = run;
    this.element.hidden = true;
    if (run.candidate_count + run.evaluation_count > 0) void this.#show(run);
  }

  /** @param {Finding} finding of the run that is shown */
  take(finding) {
    if (this.#view) this.#view.take(finding);
    else if (this.#run) void this.#show(this.#run);
  }

  /** @param {Status} status */
  update(status) {
    this.#status = status;
    this.#view?.update(status);
  }

  /** @param {Run} run */
  async #show(run) {
    this.#loading ??= this.#load();
    try {
      const { OptimisationView } = await this.#loading;
      if (this.#run !== run || this.#view) return;
      this.#view = new OptimisationView(this.content, this.service, run);
      if (this.#status) this.#view.update(this.#status);
    } catch (error) {
      this.#loading = null; // the next finding tries again
      this.content.replaceChildren(make("p", { class: "none" }, "Could not load this section. Reload the page to try again."));
      reportError(error);
    }
    this.element.hidden = false;
  }

  async #load() {
    const styles = make("link", { rel: "stylesheet", href: this.element.dataset["stylesheet"] ?? "" });
    const loaded = new Promise((resolve, reject) => {
      styles.addEventListener("load", resolve);
      styles.addEventListener("error", () => reject(new Error(`Could not load ${styles.href}`)));
    });
    document.head.append(styles, ...this.#preloads());
    const [module] = await Promise.all([import("./optimisation/optimisation_view.js"), loaded]);
    return module;
  }

  /** Links that load all modules at once, not one import after the other. */
  #preloads() {
    const names = (this.element.dataset["modules"] ?? "").split(" ");
    const first = new URL(names[0] ?? "", location.href);
    return names.map((name) => make("link", { rel: "modulepreload", href: new URL(name, first).pathname }));
  }
}
