/**
 * The domains page: live, sortable and searchable.
 *
 * @typedef {import("./types.js").Domain} Domain
 * @typedef {import("./types.js").Status} Status
 * @typedef {import("./types.js").TrainingEvent} TrainingEvent
 */

import { domainAddress, urlPrefix } from "./addresses.js";
import { ServiceError } from "./connection/service_error.js";
import { ConnectionView } from "./connection_view.js";
import { readJsonScript, make, getElement, setText } from "./dom.js";
import { DomainRow } from "./domain_row.js";
import { timeLeftRank } from "./run_text.js";
import { Service } from "./service.js";
import { Stream } from "./stream.js";
import { oneLine } from "./visible_text.js";
import { hasStatus } from "./training_events.js";

/** @type {Record<string, (status: Status | null, name: string, now: number) => string | number>} */
const SORT_KEYS = {
  name: (_, name) => name,
  state: (status) => ["training", "pending", "failed", "completed"].indexOf(status?.status ?? "") + 1 || 9,
  progress: (status) => -(status?.progress ?? -1),
  left: (status, _, now) => timeLeftRank(status, now),
  started: (status) => -Date.parse(status?.started_at ?? "1970-01-01T00:00:00Z"),
};

class DomainsPage {
  /** @param {{now: string, domains: Domain[], notShown: number}} page */
  constructor(page) {
    this.service = new Service(urlPrefix);
    this.service.learnClock(page.now);
    this.isWhole = page.notShown === 0;
    this.connection = new ConnectionView(getElement("connection"));
    this.table = /** @type {HTMLTableElement | null} */ (document.getElementById("domains"));
    /** @type {Map<string, DomainRow>} */
    this.rows = new Map();
    this.find = /** @type {HTMLInputElement | null} */ (document.getElementById("find"));
    const query = new URLSearchParams(location.search);
    this.sort = query.get("sort") ?? "name";
    for (const row of this.table?.tBodies[0]?.rows ?? []) {
      const domain = page.domains.find((one) => one.name === row.dataset["domain"]);
      if (domain) this.rows.set(domain.name, new DomainRow(row, domain.name, this.service, domain.latest_run));
    }
    if (this.find) {
      this.find.value = query.get("find") ?? "";
      this.find.addEventListener("input", () => this.arrange());
    }
    this.#addSortButtons();
    this.arrange();
    new Stream(this.service, this.service.address("/training-stream"), "", {
      onEvent: (event) => void this.take(event),
      onState: (state, why) => this.connection.update(state, why),
    });
    setInterval(() => this.tick(), 1000);
  }

  /** @param {TrainingEvent} event */
  async take(event) {
    this.connection.seen();
    if (!hasStatus(event)) return;
    const row = this.rows.get(event.domain) ?? (this.isWhole ? await this.#addedOnce(event.domain) : undefined);
    row?.update(event.data.status);
  }

  /** Sorts and filters the rows, and stores both in the URL. Before the first domain there is no table. */
  arrange() {
    if (!this.table) return;
    const text = this.find?.value.trim().toLowerCase() ?? "";
    const rows = this.#sorted();
    for (const row of rows) row.element.hidden = text !== "" && !row.has(text);
    this.table.tBodies[0]?.append(...rows.map((row) => row.element));
    const shown = rows.filter((row) => !row.element.hidden).length;
    setText(getElement("found"), text ? `${shown} of ${rows.length}` : "");
    const query = new URLSearchParams();
    if (this.sort !== "name") query.set("sort", this.sort);
    if (text) query.set("find", text);
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
    for (const header of this.table.querySelectorAll("th[data-sort]")) {
      header.setAttribute("aria-sort", header.getAttribute("data-sort") === this.sort ? "ascending" : "none");
    }
  }

  /** Updates what depends on the time, once a second. */
  tick() {
    this.connection.tick();
    for (const row of this.rows.values()) row.tick();
    // Rows do not move away from the pointer or the focus.
    const body = this.table?.tBodies[0];
    if (!body || body.matches(":hover, :focus-within")) return;
    if (this.#sorted().some(({ element }, place) => body.rows[place] !== element)) this.arrange();
  }

  /** The rows in the chosen order. */
  #sorted() {
    const key = SORT_KEYS[this.sort] ?? SORT_KEYS["name"];
    const now = this.service.now();
    const keys = new Map([...this.rows.values()].map((row) => [row, key?.(row.status, row.domain, now) ?? ""]));
    return [...keys.keys()].sort((a, b) => compare(keys.get(a) ?? "", keys.get(b) ?? "") || compare(a.domain, b.domain));
  }

  #addSortButtons() {
    for (const header of this.table?.querySelectorAll("th[data-sort]") ?? []) {
      const button = make("button", { type: "button", class: "sort" }, header.textContent ?? "");
      button.addEventListener("click", () => {
        this.sort = header.getAttribute("data-sort") ?? "name";
        this.arrange();
      });
      header.replaceChildren(button);
    }
  }

  /** @type {Map<string, Promise<DomainRow | undefined>>} */
  #adding = new Map();

  /** Domains with an event since their request began. @type {Set<string>} */
  #moved = new Set();

  /**
   * Adds a domain once, even when further events arrive before the request completes.
   * @param {string} name @returns {Promise<DomainRow | undefined>}
   */
  #addedOnce(name) {
    const asked = this.#adding.get(name);
    if (asked) {
      this.#moved.add(name);
      return asked;
    }
    const adding = this.#added(name).catch((error) => this.#notAdded(name, error));
    this.#adding.set(name, adding);
    return adding;
  }

  /** Retries with the next event, or at once when one arrived meanwhile. @param {string} name @param {unknown} error */
  #notAdded(name, error) {
    if (!(error instanceof ServiceError)) throw error;
    this.#adding.delete(name);
    return this.#moved.delete(name) ? this.#addedOnce(name) : undefined;
  }

  /** Adds the row of a domain that was created after the page was loaded. @param {string} name */
  async #added(name) {
    const body = this.table?.tBodies[0];
    if (!body) {
      location.reload(); // the first domain of all
      return undefined;
    }
    /** @type {Domain} */
    const domain = await this.service.get(this.service.address(`/domains/${name}`));
    const element = make("tr", { "data-domain": name });
    element.append(
      make(
        "th",
        { scope: "row" },
        make("a", { class: "name", href: domainAddress(name) }, name),
        make("span", { class: "about", dir: "auto" }, oneLine(domain.description).slice(0, 90)),
      ),
    );
    body.append(element);
    const row = new DomainRow(element, name, this.service, domain.latest_run);
    this.rows.set(name, row);
    this.arrange();
    return row;
  }
}

/** @param {string | number} a @param {string | number} b */
function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

new DomainsPage(readJsonScript("page"));
