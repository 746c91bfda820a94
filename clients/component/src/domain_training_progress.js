/**
 * `<domain-training-progress domain="medical" base="https://status.example">`: the live status of a training.
 *
 * @typedef {import("../../../training_status/static/dashboard/js/types.js").Status} Status
 * @typedef {import("../../../training_status/static/dashboard/js/run_views.js").Elements} Elements
 * @typedef {HTMLElement & {views: Elements}} Part
 */

import { withDoubles } from "../../../training_status/static/dashboard/js/exact_json.js";
import { LogStateInMemory } from "../../../training_status/static/dashboard/js/log/log_state.js";
import { Service } from "../../../training_status/static/dashboard/js/service.js";
import { TrainingView } from "../../../training_status/static/dashboard/js/training_view.js";
import { styles } from "./styles.js";

const SHOWN_BY_DEFAULT = "connection state eta progress metrics log";
const ALL = [...SHOWN_BY_DEFAULT.split(" "), "result"];
const PROPERTIES = /** @type {const} */ (["token", "domain", "base", "run", "show"]);
const PARTS_INSIDE = "inside";
const SELECTOR = ALL.map((name) => `training-${name}`).join(",");

export class DomainTrainingProgress extends HTMLElement {
  static observedAttributes = ["domain", "base", "run", "show"];

  #token = "";
  /** @type {TrainingView | null} */
  #view = null;
  /** @type {unknown[]} the inputs of the current view */
  #shown = [];
  /** @type {Set<Part>} */
  #parts = new Set();
  #announcer = document.createElement("p");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Status | null} */
  #status = null;
  #layout = "";
  /** The log filter, kept from run to run. @type {{filter?: import("../../../training_status/static/dashboard/js/log/log_filter.js").LogFilter}} */
  #memory = {};

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styles];
    this.#announcer.className = "unseen";
    this.#announcer.setAttribute("role", "status");
  }

  /** The bearer token. Not an attribute: every script of the page can read attributes. */
  get token() {
    return this.#token;
  }

  set token(token) {
    this.#token = token ?? "";
    this.#view?.renew();
  }

  get domain() {
    return this.getAttribute("domain") ?? "";
  }

  set domain(domain) {
    this.setAttribute("domain", domain);
  }

  /** The URL of the service; empty for the page's own origin. */
  get base() {
    return this.getAttribute("base") ?? "";
  }

  set base(base) {
    this.setAttribute("base", base);
  }

  /** The number of the run to show; null for the latest run and each new one. */
  get run() {
    const number = Number(this.getAttribute("run"));
    return Number.isInteger(number) && number > 0 ? number : null;
  }

  set run(run) {
    if (run === null) this.removeAttribute("run");
    else this.setAttribute("run", String(run));
  }

  /** The names of the parts to show; ignored when the element contains parts. */
  get show() {
    return this.getAttribute("show") ?? SHOWN_BY_DEFAULT;
  }

  set show(show) {
    this.setAttribute("show", show);
  }

  /** The last received status; null before the first one. */
  get status() {
    return this.#status;
  }

  /** Starts to follow the training. */
  connectedCallback() {
    for (const name of PROPERTIES) this.#takeOver(name);
    this.#renewSoon();
  }

  /** Stops everything, unless the element is only moved. */
  disconnectedCallback() {
    queueMicrotask(() => {
      if (!this.isConnected) this.#end();
    });
  }

  /** @param {string} _name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(_name, before, after) {
    if (before === after) return;
    this.#renewSoon();
  }

  /** Adds a part inside this element. @param {Part} part */
  join(part) {
    this.#parts.add(part);
    this.#renewSoon();
  }

  /** @param {Part} part */
  leave(part) {
    this.#parts.delete(part);
    this.#renewSoon();
  }

  /** Uses the parts inside the element, or else creates those in `show`. */
  #layOut() {
    const root = /** @type {ShadowRoot} */ (this.shadowRoot);
    const layout = this.querySelector(SELECTOR) ? PARTS_INSIDE : this.show;
    if (layout === this.#layout) return;
    this.#layout = layout;
    if (layout === PARTS_INSIDE) {
      root.replaceChildren(this.#announcer, document.createElement("slot"));
      return;
    }
    const named = this.show.split(/\s+/);
    /** @param {string[]} names */
    const parts = (...names) => names.filter((name) => named.includes(name)).map(newPart);
    const head = [box("line", ...parts("connection")), box("cards", ...parts("state", "eta"))];
    root.replaceChildren(this.#announcer, box("layout", ...head, ...parts("progress", "metrics", "log", "result")));
  }

  /** Schedules one update for several changes of attributes, properties and parts. */
  #renewSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renew(), 0);
  }

  #renew() {
    if (!this.isConnected || this.domain === "") {
      this.#end();
      return;
    }
    this.#layOut(); // while a page is parsed, parts are connected after the element
    const wanted = [this.domain, this.base, this.run, ...this.#parts];
    if (this.#view && wanted.length === this.#shown.length && wanted.every((one, place) => one === this.#shown[place])) return;
    const isOther = wanted.slice(0, 3).some((one, place) => one !== this.#shown[place]);
    this.#end();
    if (isOther) {
      this.#status = null;
      this.#memory = {};
    }
    this.#shown = wanted;
    this.#begin();
  }

  #begin() {
    const service = new Service(this.base, () => this.#token);
    const domain = encodeURIComponent(this.domain);
    /** @type {Elements} */
    const elements = { announcer: this.#announcer };
    for (const part of this.#parts) Object.assign(elements, part.views);
    this.#view = new TrainingView(service, { domain, runNumber: this.run }, elements, {
      onRun: () => {},
      onStatus: (status) => this.#tell(status),
      onLeft: (status) => this.#tellOfEnd(status),
      logStateFor: (number) => new LogStateInMemory(`${service.base}/domains/${domain}/runs/${number}`, this.#memory),
      keyboard: elements.log ?? this,
    });
    void this.#view.start();
  }

  #end() {
    clearTimeout(this.#timer);
    this.#view?.end();
    this.#view = null;
  }

  /** Applies a property that a framework set before the element was defined. @param {typeof PROPERTIES[number]} name */
  #takeOver(name) {
    if (!Object.hasOwn(this, name)) return;
    const value = /** @type {never} */ (this[name]);
    delete (/** @type {Partial<this>} */ (this)[name]);
    this[name] = value;
  }

  /** @param {Status} status */
  #tell(status) {
    const before = this.#status;
    const plain = withDoubles(status); // listeners expect numbers, not bigints
    this.#status = plain;
    this.dispatchEvent(new CustomEvent("training-progress", { detail: { status: plain }, bubbles: true, composed: true }));
    if (before?.training_run_id === status.training_run_id && before.completed_at === null) this.#tellOfEnd(status);
  }

  /** @param {Status} status of a run that was active in its previous status */
  #tellOfEnd(status) {
    if (status.completed_at === null) return;
    this.dispatchEvent(new CustomEvent("training-end", { detail: { status: withDoubles(status) }, bubbles: true, composed: true }));
  }
}

/** @param {string} name */
function newPart(name) {
  const part = document.createElement(`training-${name}`);
  part.setAttribute("exportparts", `card, card: ${name}-card, name`);
  return part;
}

/** @param {string} name @param {...HTMLElement} children */
function box(name, ...children) {
  const element = document.createElement("div");
  element.className = name;
  element.append(...children);
  return element;
}
