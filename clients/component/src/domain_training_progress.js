/**
 * `<domain-training-progress domain="medical" base="https://status.example">`: how a training is going, live.
 *
 * @typedef {import("../../../training_status/static/dashboard/js/types.js").Status} Status
 * @typedef {import("../../../training_status/static/dashboard/js/training_view.js").Elements} Elements
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
  /** @type {unknown[]} what the view was made of */
  #shown = [];
  /** @type {Set<Part>} */
  #parts = new Set();
  #announcer = document.createElement("p");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Status | null} */
  #status = null;
  #layout = "";
  /** What the log keeps from run to run. @type {{filter?: import("../../../training_status/static/dashboard/js/log/log_filter.js").LogFilter}} */
  #memory = {};

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styles];
    this.#announcer.className = "unseen";
    this.#announcer.setAttribute("role", "status");
  }

  /** The bearer token. Never an attribute: attributes are read by every script and stored with the page. */
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

  /** Where the service is; empty: where the page is from. */
  get base() {
    return this.getAttribute("base") ?? "";
  }

  set base(base) {
    this.setAttribute("base", base);
  }

  /** The number of the run to show; null: the latest one, and the next ones as they start. */
  get run() {
    const number = Number(this.getAttribute("run"));
    return Number.isInteger(number) && number > 0 ? number : null;
  }

  set run(run) {
    if (run === null) this.removeAttribute("run");
    else this.setAttribute("run", String(run));
  }

  /** The parts shown, by their names; without effect where the parts are put inside the element. */
  get show() {
    return this.getAttribute("show") ?? SHOWN_BY_DEFAULT;
  }

  set show(show) {
    this.setAttribute("show", show);
  }

  /** The status of the run as it was last told; null before that. */
  get status() {
    return this.#status;
  }

  /** Begin to follow. */
  connectedCallback() {
    for (const name of PROPERTIES) this.#takeOver(name);
    this.#renewSoon();
  }

  /** Leave no connection and no timer behind, unless it is only moved. */
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

  /** A part inside this element wants to show it. @param {Part} part */
  join(part) {
    this.#parts.add(part);
    this.#renewSoon();
  }

  /** @param {Part} part */
  leave(part) {
    this.#parts.delete(part);
    this.#renewSoon();
  }

  /** The page's own parts where it has put some inside, else those that `show` names. */
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

  /** Attributes, properties and parts come one after the other: what they make together is shown. */
  #renewSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renew(), 0);
  }

  #renew() {
    if (!this.isConnected || this.domain === "") {
      this.#end();
      return;
    }
    this.#layOut(); // parts may have come after the element itself, as they do while a page is being read
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

  /** A framework may have set it before this class was known. @param {typeof PROPERTIES[number]} name */
  #takeOver(name) {
    if (!Object.hasOwn(this, name)) return;
    const value = /** @type {never} */ (this[name]);
    delete (/** @type {Partial<this>} */ (this)[name]);
    this[name] = value;
  }

  /** @param {Status} status */
  #tell(status) {
    const before = this.#status;
    const plain = withDoubles(status); // those who listen expect numbers
    this.#status = plain;
    this.dispatchEvent(new CustomEvent("training-progress", { detail: { status: plain }, bubbles: true, composed: true }));
    if (before?.training_run_id === status.training_run_id && before.completed_at === null) this.#tellOfEnd(status);
  }

  /** @param {Status} status of a run that was going on when it was told of before */
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
