/**
 * The live view of a training: the views of a run, or of each latest run, and the one stream that updates them.
 *
 * @typedef {import("./log/log_state.js").LogState} LogState
 * @typedef {import("./run_views.js").Elements} Elements
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Run} Run
 * @typedef {import("./types.js").Status} Status
 * @typedef {import("./types.js").LogEntry} LogEntry
 * @typedef {import("./types.js").LogPage} LogPage
 * @typedef {import("./types.js").TrainingEvent} TrainingEvent
 *
 * @typedef {object} Training
 * @property {string} domain
 * @property {number | null} runNumber null follows the latest run and each new one
 *
 * @typedef {object} Listener
 * @property {(run: Run) => void} onRun a run is shown for the first time
 * @property {(status: Status) => void} onStatus the run has a new status
 * @property {(finding: import("./types.js").Finding) => void} [onFinding] the run that is shown has a candidate or an evaluation more
 * @property {(status: Status) => void} onLeft the status of an active run that another run replaced
 * @property {(runNumber: number) => LogState} logStateFor where the log of a run stores its filter and selection
 * @property {EventTarget} keyboard where the log listens for keyboard shortcuts
 */

import { pause } from "./connection/pause.js";
import { ServiceError } from "./connection/service_error.js";
import { RunViews } from "./run_views.js";
import { Stream } from "./stream.js";
import { hasStatus } from "./training_events.js";

const RETRY_MS = 2000;
const GOES_ON_MS = 30_000;

export class TrainingView {
  /**
   * @param {Service} service
   * @param {Training} training
   * @param {Elements} elements
   * @param {Listener} listener
   */
  constructor(service, training, elements, listener) {
    this.service = service;
    this.training = training;
    this.listener = listener;
    const { logStateFor, keyboard } = listener;
    const options = { domain: training.domain, logStateFor, keyboard, signal: this.#ending.signal };
    this.views = new RunViews(service, elements, options);
    /** The ID of the run that is shown; empty before the first one. */
    this.runId = "";
    /** @type {Status | null} */
    this.status = null;
    /** @type {LogEntry[]} */
    this.entries = [];
    this.phase = "";
    this.isMoving = false;
    this.timer = setInterval(() => this.views.tick(), 1000);
  }

  #ending = new AbortController();
  #isRefused = false;
  /** @type {Stream | null} */
  #stream = null;

  /** Shows the run and follows it; retries until that succeeds. */
  async start() {
    const { signal } = this.#ending;
    this.#isRefused = false;
    while (!signal.aborted) {
      const token = this.service.token();
      try {
        return await this.begin();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ServiceError)) throw error;
        if (error.isFinal && this.service.token() !== token) continue;
        if (error.isFinal) {
          this.#isRefused = true;
          this.views.connection?.update("refused", error.message);
          return;
        }
        this.views.connection?.update("waiting", error.message);
        await pause(Math.max(RETRY_MS, error.retryAfterS * 1000), signal);
      }
    }
  }

  /** Continues with a new token after the last one was refused. */
  renew() {
    if (this.#isRefused) void this.start();
    else if (this.#stream?.isRefused) this.#follow(this.#stream.lastEventId);
  }

  /** Stops: aborts requests, closes the connection, and clears timers. */
  end() {
    this.#ending.abort();
    clearInterval(this.timer);
    this.#stream?.close();
    this.views.destroy();
  }

  /** Shows the run and opens the stream. */
  async begin() {
    const { domain, runNumber } = this.training;
    /** @type {Run | null} */
    const run = runNumber === null ? await this.#latest() : await this.#get(`/domains/${domain}/training-runs/${runNumber}`);
    let lastEventId = "";
    if (run !== null) lastEventId = `${run.run_number}.${await this.mount(run)}`;
    this.#query = runNumber !== null && run !== null ? { training_run_id: run.training_run_id } : {};
    this.#follow(lastEventId);
  }

  /** @type {Record<string, string>} */
  #query = {};

  /** @param {string} lastEventId */
  #follow(lastEventId) {
    const url = this.service.address(`/domains/${this.training.domain}/training-stream`, this.#query);
    this.#stream?.close();
    this.#stream = new Stream(this.service, url, lastEventId, {
      onEvent: (event) => this.take(event),
      onState: (state, why) => this.views.connection?.update(state, why),
      endsWithRun: "training_run_id" in this.#query,
      // A lost run, or a silent run that was cancelled, resumes when it reports again.
      reopenAfterMs: () => (["lost", "cancelled"].includes(this.status?.failure_reason ?? "") ? GOES_ON_MS : 0),
    });
  }

  /** Creates the views of a run. Returns the number of its last log entry. @param {Run} run */
  async mount(run) {
    const { domain } = this.training;
    /** @type {LogPage} */
    const page = await this.#get(`/domains/${domain}/training-logs`, { run: run.run_number, page_size: 1 });
    this.views.mount(run, page);
    this.runId = run.training_run_id;
    this.phase = run.current_step;
    this.listener.onRun(run);
    // A status that the stream delivered meanwhile is newer.
    this.show(this.isMoving && this.status ? this.status : run);
    return page.last_seq;
  }

  /** @param {TrainingEvent} event */
  take(event) {
    this.views.connection?.seen();
    const isOurs = event.training_run_id === this.status?.training_run_id;
    if (event.event_type === "log") {
      if (isOurs && this.entries.push(event.data) === 1) requestAnimationFrame(() => this.appendEntries());
    } else if (event.event_type === "gap") {
      if (isOurs && !this.isMoving) void this.views.log?.refresh();
    } else if (!hasStatus(event)) {
      if (isOurs && !this.isMoving) this.listener.onFinding?.(event);
    } else if (!isOurs) {
      void this.moveOn(event.data.status);
    } else if (this.isMoving) {
      this.status = event.data.status;
    } else {
      this.show(event.data.status);
    }
  }

  /** Switches to the run that is the latest now. @param {Status} status */
  async moveOn(status) {
    const before = this.status;
    this.status = status;
    if (this.isMoving) {
      this.entries = []; // entries of a run that is not shown
      return;
    }
    this.appendEntries();
    this.isMoving = true;
    try {
      if (before?.completed_at === null) void this.#tellOfLeft(before);
      await this.#mountLatest();
    } finally {
      this.isMoving = false;
    }
    this.appendEntries();
  }

  /** Shows the run of the current status, which may change during the request. */
  async #mountLatest() {
    const { signal } = this.#ending;
    while (!signal.aborted && this.status && this.runId !== this.status.training_run_id) {
      const { training_run_id: id } = this.status;
      try {
        const run = await this.#run(id);
        if (id === this.status.training_run_id) await this.mount(run);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ServiceError)) throw error;
        if (error.isFinal) {
          this.entries = []; // the run is deleted or not accessible; the stream reports what follows
          return;
        }
        await pause(Math.max(RETRY_MS, error.retryAfterS * 1000), signal);
      }
    }
  }

  /** Reports the final status of a run that may have ended while the stream was closed. @param {Status} before */
  async #tellOfLeft(before) {
    try {
      this.listener.onLeft(await this.#run(before.training_run_id));
    } catch (error) {
      if (!(error instanceof ServiceError) && !this.#ending.signal.aborted) throw error;
    }
  }

  /** Appends the received entries, at most once per frame. Entries of a run that is not shown yet wait for it. */
  appendEntries() {
    if (this.isMoving) return;
    const entries = this.entries;
    this.entries = [];
    if (entries.length === 0 || this.#ending.signal.aborted) return;
    this.views.append(entries);
  }

  /** @param {Status} status */
  show(status) {
    this.status = status;
    this.views.update(status);
    this.listener.onStatus(status);
    if (status.current_step !== this.phase || status.completed_at) {
      this.phase = status.current_step;
      if (this.views.progress) void this.loadTimes(status);
    }
  }

  /** @param {Status} status from a response that may be outdated */
  showAnswer(status) {
    if (!this.isMoving && status.training_run_id === this.status?.training_run_id) this.show(status);
  }

  /** @param {Status} status */
  async loadTimes(status) {
    try {
      const run = await this.#run(status.training_run_id);
      if (run.training_run_id === this.status?.training_run_id) this.views.progress?.setTimes(run);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      if (!(error instanceof ServiceError)) throw error;
      this.phase = ""; // the next status loads the times again
    }
  }

  /** The latest run of the domain, null when it was never trained. */
  async #latest() {
    /** @type {import("./types.js").Domain} */
    const found = await this.#get(`/domains/${this.training.domain}`);
    return found.latest_run && this.#run(found.latest_run.training_run_id);
  }

  /** @param {string} id @returns {Promise<Run>} */
  #run(id) {
    return this.#get(`/training-runs/${id}`);
  }

  /** @template T @param {string} path @param {Record<string, number>} [query] @returns {Promise<T>} */
  #get(path, query) {
    return this.service.get(this.service.address(path, query), this.#ending.signal);
  }
}
