/**
 * Custom elements for the parts of the run page. They show the training of the `<domain-training-progress>` around them,
 * over its connection.
 *
 * @typedef {import("../../../training_status/static/dashboard/js/run_views.js").Elements} Elements
 * @typedef {keyof Elements} PartName
 */

import logFrame from "../../../training_status/templates/dashboard/log.html";
import { DomainTrainingProgress } from "./domain_training_progress.js";
import { styles } from "./styles.js";

/** An element that contains views of the run page. */
class TrainingPart extends HTMLElement {
  /** @type {DomainTrainingProgress | null} */
  #owner = null;

  /** @param {string} html with an element for each part, named by `data-view` */
  constructor(html) {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styles];
    root.innerHTML = html;
  }

  /** The elements of the views by name. @returns {Elements} */
  get views() {
    const found = /** @type {NodeListOf<HTMLElement>} */ (this.shadowRoot?.querySelectorAll("[data-view]"));
    return Object.fromEntries([...found].map((element) => [element.dataset["view"], element]));
  }

  /** Joins the surrounding element. */
  connectedCallback() {
    const root = this.getRootNode();
    const around = this.closest("domain-training-progress") ?? (root instanceof ShadowRoot ? root.host : null);
    this.#owner = around instanceof DomainTrainingProgress ? around : null;
    this.#owner?.join(this);
  }

  /** Leaves the surrounding element. */
  disconnectedCallback() {
    this.#owner?.leave(this);
    this.#owner = null;
  }
}

/** @param {string} label @param {string} inner */
function card(label, inner) {
  return `<section class="card" part="card" aria-label="${label}">${inner}</section>`;
}

/** @param {string} html @returns {CustomElementConstructor} */
function partWith(html) {
  return class extends TrainingPart {
    constructor() {
      super(html);
    }
  };
}

const NAMED = (/** @type {string} */ name) => `<p class="card-name" part="name">${name}</p>`;

/** The elements by their tags. */
export const PARTS = {
  "training-connection": partWith('<span data-view="connection" part="connection"></span>'),
  "training-state": partWith(card("State", '<div data-view="state"></div>')),
  "training-eta": partWith(card("Time left", '<div data-view="eta"></div>')),
  "training-progress": partWith(card("Progress", '<div data-view="progress"></div>')),
  "training-metrics": partWith(card("Metrics", `${NAMED("Metrics")}<div data-view="metrics"></div><div data-view="curves"></div>`)),
  "training-log": partWith(card("Log", `${NAMED("Log")}<div data-view="log">${logFrame}</div>`)),
  "training-result": partWith(card("Result", `${NAMED("Result")}<div data-view="result"></div>`)),
};
