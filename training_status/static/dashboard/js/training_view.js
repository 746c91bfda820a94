/**
 * The training of a domain as it goes, run after run or one run: its parts, and the one stream that keeps them true.
 *
 * @typedef {import("./log/log_state.js").LogState} LogState
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Run} Run
 * @typedef {import("./types.js").Status} Status
 * @typedef {import("./types.js").LogEntry} LogEntry
 * @typedef {import("./types.js").LogPage} LogPage
 * @typedef {import("./types.js").TrainingEvent} TrainingEvent
 *
 * @typedef {object} Training
 * @property {string} domain
 * @property {number | null} runNumber null: the latest run, and the next ones as they start
 *
 * @typedef {object} Elements where the parts are shown; a part without one is left out
 * @property {HTMLElement} [state]
 * @property {HTMLElement} [eta]
 * @property {HTMLElement} [progress]
 * @property {HTMLElement} [metrics]
 * @property {HTMLElement} [curves]
 * @property {HTMLElement} [log] with the frame of `log.html` in it
 * @property {HTMLElement} [result]
 * @property {HTMLElement} [connection]
 * @property {HTMLElement} [announcer]
 *
 * @typedef {object} Listener
 * @property {(run: Run) => void} onRun a run is shown for the first time
 * @property {(status: Status) => void} onStatus it goes on
 * @property {(status: Status) => void} onLeft how a run is, or went, that was still going on when another took its place
 * @property {(runNumber: number) => LogState} logStateFor where a run's log keeps its filter
 * @property {EventTarget} keyboard where the log's keys are heard
 */

import { Announcer } from "./announcer.js";
import { ConnectionView } from "./connection_view.js";
import { EtaView } from "./eta_view.js";
import { LogView } from "./log/log_view.js";
import { MetricsView } from "./metrics_view.js";
import { MetricCurves } from "./metric_curves.js";
import { pause } from "./pause.js";
import { ProgressView } from "./progress_view.js";
import { ResultView } from "./result_view.js";
import { ServiceError } from "./service.js";
import { StateView } from "./state_view.js";
import { Stream } from "./stream.js";

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
    this.elements = elements;
    this.listener = listener;
    const { state, eta, progress, connection, announcer } = elements;
    this.state = state && new StateView(state, service, elements.log ? () => this.parts?.log?.showFirstError() : null);
    this.eta = eta && new EtaView(eta, service);
    this.progress = progress && new ProgressView(progress, service);
    this.connection = connection && new ConnectionView(connection);
    this.announcer = announcer && new Announcer(announcer);
    elements.log?.addEventListener("notice", this.#onNotice);
    /** @type {{runId: string, log?: LogView | undefined, metrics?: MetricsView | undefined, curves?: MetricCurves | undefined, result?: ResultView | undefined} | null} */
    this.parts = null;
    /** @type {Status | null} */
    this.status = null;
    /** @type {LogEntry[]} */
    this.entries = [];
    this.phase = "";
    this.isMoving = false;
    this.timer = setInterval(() => this.tick(), 1000);
  }

  #ending = new AbortController();
  #isRefused = false;
  /** @type {Stream | null} */
  #stream = null;

  /** Show the run, then follow it. As often as it takes. */
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
          this.connection?.update("refused", error.message);
          return;
        }
        this.connection?.update("waiting", error.message);
        await pause(Math.max(RETRY_MS, error.retryAfterS * 1000), signal);
      }
    }
  }

  /** There is another token: go on where the last one was refused. */
  renew() {
    if (this.#isRefused) void this.start();
    else if (this.#stream?.isRefused) this.#follow(this.#stream.lastEventId);
  }

  /** Show nothing more, and leave no request, no connection and no timer behind. */
  end() {
    this.#ending.abort();
    clearInterval(this.timer);
    this.#stream?.close();
    this.parts?.log?.destroy();
    this.elements.log?.removeEventListener("notice", this.#onNotice);
  }

  /** Show the run as it is, and open the stream. */
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
      onState: (state, why) => this.connection?.update(state, why),
      // A run that was given up, or cancelled while nobody heard of it, may report again.
      reopenAfterMs: () => (["lost", "cancelled"].includes(this.status?.failure_reason ?? "") ? GOES_ON_MS : 0),
    });
  }

  /** Make the parts that belong to one run; the last entry of its log so far. @param {Run} run */
  async mount(run) {
    const { domain } = this.training;
    /** @type {LogPage} */
    const page = await this.#get(`/domains/${domain}/training-logs`, { run: run.run_number, page_size: 1 });
    this.parts?.log?.destroy();
    const { signal } = this.#ending;
    const { log, metrics, curves, result } = this.elements;
    const storedState = this.listener.logStateFor(run.run_number);
    const options = { service: this.service, domain, runNumber: run.run_number };
    const logOptions = {
      ...options,
      storedState,
      keyboard: this.listener.keyboard,
      firstSeq: page.first_seq,
      lastSeq: page.last_seq,
      levelCounts: page.level_counts,
      phases: run.steps.map((step) => step.name),
    };
    this.parts = {
      runId: run.training_run_id,
      log: log && new LogView(log, logOptions),
      metrics: metrics && new MetricsView(metrics),
      curves: curves && new MetricCurves(curves, { ...options, lineAddress: (seq) => storedState.line(seq), signal }),
      result: result && new ResultView(result, { service: this.service, runId: run.training_run_id, signal }),
    };
    this.phase = run.current_step;
    this.progress?.setTimes(run);
    this.listener.onRun(run);
    // What the stream has told of this run meanwhile is newer.
    this.show(this.isMoving && this.status ? this.status : run);
    return page.last_seq;
  }

  /** @param {TrainingEvent} event */
  take(event) {
    this.connection?.seen();
    const isOurs = event.training_run_id === this.status?.training_run_id;
    if (event.event_type === "log") {
      if (isOurs && this.entries.push(event.data) === 1) requestAnimationFrame(() => this.appendEntries());
    } else if (event.event_type === "gap") {
      if (isOurs && !this.isMoving) void this.parts?.log?.refresh();
    } else if (!isOurs) {
      void this.moveOn(event.data.status);
    } else if (this.isMoving) {
      this.status = event.data.status;
    } else {
      this.show(event.data.status);
    }
  }

  /** Another run of the domain is the latest now. @param {Status} status */
  async moveOn(status) {
    const before = this.status;
    this.status = status;
    if (this.isMoving) {
      this.entries = []; // of a run that was never shown
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

  /** Show the run that `status` is of, which may become another one meanwhile. */
  async #mountLatest() {
    const { signal } = this.#ending;
    while (!signal.aborted && this.status && this.parts?.runId !== this.status.training_run_id) {
      const { training_run_id: id } = this.status;
      try {
        const run = await this.#run(id);
        if (id === this.status.training_run_id) await this.mount(run);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ServiceError)) throw error;
        if (error.isFinal) {
          this.entries = []; // it is gone already, or not for us any more: the stream says what is to be done
          return;
        }
        await pause(Math.max(RETRY_MS, error.retryAfterS * 1000), signal);
      }
    }
  }

  /** Its end may have been told while nobody listened. @param {Status} before */
  async #tellOfLeft(before) {
    try {
      this.listener.onLeft(await this.#run(before.training_run_id));
    } catch (error) {
      if (!(error instanceof ServiceError) && !this.#ending.signal.aborted) throw error;
    }
  }

  /** Entries come in bursts: they are shown once a frame. Those of a run that is not shown yet wait for it. */
  appendEntries() {
    if (this.isMoving) return;
    const entries = this.entries;
    this.entries = [];
    if (entries.length === 0 || this.#ending.signal.aborted) return;
    this.parts?.log?.append(entries);
    this.parts?.curves?.append(entries);
  }

  /** @param {Status} status */
  show(status) {
    this.status = status;
    for (const view of [this.state, this.progress, this.eta, this.announcer]) view?.update(status);
    this.parts?.metrics?.update(status);
    this.parts?.result?.update(status);
    this.listener.onStatus(status);
    if (status.current_step !== this.phase || status.completed_at) {
      this.phase = status.current_step;
      if (this.progress) void this.loadTimes(status);
    }
  }

  /** @param {Status} status what the service has answered, perhaps late */
  showAnswer(status) {
    if (!this.isMoving && status.training_run_id === this.status?.training_run_id) this.show(status);
  }

  /** @param {Status} status */
  async loadTimes(status) {
    try {
      const run = await this.#run(status.training_run_id);
      if (run.training_run_id === this.status?.training_run_id) this.progress?.setTimes(run);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      if (!(error instanceof ServiceError)) throw error;
      this.phase = ""; // they are asked for again with the next status
    }
  }

  /** A second has passed. */
  tick() {
    for (const view of [this.state, this.progress, this.eta, this.connection]) view?.tick();
  }

  /** @param {Event} event */
  #onNotice = (event) => this.announcer?.say(/** @type {CustomEvent<string>} */ (event).detail);

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
