/**
 * Live updates of the history: follows the domain's stream and reloads the runs when one starts or ends.
 *
 * @typedef {import("../service.js").Service} Service
 * @typedef {import("../types.js").Domain} Domain
 * @typedef {import("../types.js").RunPage} RunPage
 * @typedef {import("../types.js").Status} Status
 * @typedef {import("../types.js").TrainingEvent} TrainingEvent
 * @typedef {{domain: Domain, page: RunPage}} Look
 */

import { pause } from "../connection/pause.js";
import { hasStatus } from "../training_events.js";
import { ServiceError } from "../connection/service_error.js";
import { ConnectionView } from "../connection_view.js";
import { getElement } from "../dom.js";
import { Stream } from "../stream.js";

const RETRY_MS = 2000;
const OTHERS_MS = 15_000; // the stream covers the latest run only

export class LiveHistory {
  /**
   * @param {Service} service
   * @param {{domain: string, number: number, pageSize: number}} page
   * @param {{onLook: (look: Look) => void, onStatus: (status: Status) => boolean, hasOthers: (latest: string) => boolean}} listener
   *   `onStatus` returns whether the runs must be reloaded
   */
  constructor(service, page, listener) {
    this.service = service;
    this.page = page;
    this.listener = listener;
    this.path = `/domains/${encodeURIComponent(page.domain)}`;
    this.connection = new ConnectionView(getElement("connection"));
    this.latestId = "";
    this.wasOpen = false;
    /** @type {Promise<void> | null} */
    this.looking = null;
    this.isDue = false;
    /** The last status of each run that arrived during a reload, whose response may be older. @type {Map<string, Status>} */
    this.meanwhile = new Map();
    setInterval(() => this.connection.tick(), 1000);
    setInterval(() => {
      if (!document.hidden && this.listener.hasOthers(this.latestId)) this.look();
    }, OTHERS_MS);
  }

  /** Loads the runs and follows the domain; retries until that succeeds. */
  async start() {
    const url = this.service.address(`${this.path}/training-stream`);
    const lastEventId = await this.#untilAnswered(() => this.#position());
    if (lastEventId === null) return;
    new Stream(this.service, url, lastEventId, {
      onEvent: (event) => this.#take(event),
      onState: (state, why) => {
        this.connection.update(state, why);
        if (state === "open" && this.wasOpen) this.look(); // the runs may have changed while disconnected
        if (state === "open") this.wasOpen = true;
      },
    });
    this.look();
  }

  /** Reloads the runs, and once more when called during a reload. */
  look() {
    this.isDue = true;
    this.looking ??= this.#lookWhileDue().finally(() => (this.looking = null));
    return this.looking;
  }

  async #lookWhileDue() {
    while (this.isDue) {
      this.isDue = false;
      const look = await this.#untilAnswered(() => this.#read());
      const statuses = [...this.meanwhile.values()];
      this.meanwhile.clear();
      if (!look) continue;
      this.listener.onLook(look);
      for (const status of statuses) if (this.listener.onStatus(status)) this.isDue = true;
    }
  }

  /** @returns {Promise<Look>} */
  async #read() {
    const { number, pageSize } = this.page;
    const [domain, page] = await Promise.all([
      this.service.get(this.service.address(this.path)),
      this.service.get(this.service.address(`${this.path}/training-runs`, { page: number, page_size: pageSize })),
    ]);
    return { domain: /** @type {Domain} */ (domain), page: /** @type {RunPage} */ (page) };
  }

  /** The cursor at the end of the latest run's log, whose entries are not needed here. */
  async #position() {
    /** @type {Domain} */
    const { latest_run: latest } = await this.service.get(this.service.address(this.path));
    if (latest === null) return "";
    this.latestId = latest.training_run_id;
    /** @type {import("../types.js").LogPage} */
    const log = await this.service.get(this.service.address(`${this.path}/training-logs`, { run: latest.run_number, page_size: 1 }));
    return `${latest.run_number}.${log.last_seq}`;
  }

  /** @param {TrainingEvent} event */
  #take(event) {
    this.connection.seen();
    if (!hasStatus(event)) return;
    const { status } = event.data;
    this.latestId = status.training_run_id;
    if (this.looking) this.meanwhile.set(status.training_run_id, status);
    if (this.listener.onStatus(status)) void this.look();
  }

  /** @template T @param {() => Promise<T>} ask @returns {Promise<T | null>} null when a retry cannot succeed */
  async #untilAnswered(ask) {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        this.connection.update(error.isFinal ? "refused" : "waiting", error.message);
        if (error.isFinal) return null;
        await pause(Math.max(RETRY_MS, error.retryAfterS * 1000));
      }
    }
  }
}
