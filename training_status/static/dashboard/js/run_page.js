/**
 * The page of a run: its parts, and the one stream that keeps them true.
 *
 * @typedef {import("./types.js").Run} Run
 * @typedef {import("./types.js").Status} Status
 * @typedef {import("./types.js").LogEntry} LogEntry
 * @typedef {import("./types.js").LogPage} LogPage
 * @typedef {import("./types.js").TrainingEvent} TrainingEvent
 */

import { Announcer } from "./announcer.js";
import { CancelView } from "./cancel_view.js";
import { ConnectionView } from "./connection_view.js";
import { given, part, say } from "./dom.js";
import { EtaView } from "./eta_view.js";
import { LogView } from "./log/log_view.js";
import { MetricsView } from "./metrics_view.js";
import { MetricCurves } from "./metric_curves.js";
import { OtherRunsView } from "./other_runs_view.js";
import { ProgressView } from "./progress_view.js";
import { ResultView } from "./result_view.js";
import { ServiceError, address, get, learnClock } from "./service.js";
import { StateView } from "./state_view.js";
import { Stream } from "./stream.js";
import { words } from "./words.js";

const RETRY_MS = 2000;
const LOST_AGAIN_MS = 30_000;

/** @typedef {{domain: string, runNumber: number | null, mayCancel: boolean, now: string}} Page */

class RunPage {
  /** @param {Page} page `runNumber` null: the latest run, and the next ones as they start */
  constructor(page) {
    this.page = page;
    learnClock(page.now);
    this.state = new StateView(part("state"), () => this.parts?.log.showFirstError());
    this.progress = new ProgressView(part("progress"));
    this.eta = new EtaView(part("eta"));
    this.connection = new ConnectionView(part("connection"));
    this.announcer = new Announcer(part("announcer"));
    this.others = new OtherRunsView(part("other-runs"), page.domain);
    this.cancel = page.mayCancel ? new CancelView(part("cancel"), (status) => this.showAnswer(status)) : null;
    part("log").addEventListener("notice", (event) => this.announcer.say(/** @type {CustomEvent<string>} */ (event).detail));
    /** @type {{runId: string, log: LogView, metrics: MetricsView, curves: MetricCurves, result: ResultView} | null} */
    this.parts = null;
    /** @type {Status | null} */
    this.status = null;
    /** @type {LogEntry[]} */
    this.entries = [];
    this.phase = "";
    this.isMoving = false;
    setInterval(() => this.tick(), 1000);
  }

  /** Show the run, then follow it. As often as it takes. */
  async start() {
    for (;;) {
      try {
        return await this.begin();
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        if (error.status >= 400 && error.status < 500) return this.connection.update("refused", error.message);
        this.connection.update("waiting", error.message);
        await pause(Math.max(RETRY_MS, error.retryAfterS * 1000));
      }
    }
  }

  /** Show the run as it is, and open the stream. */
  async begin() {
    const number = this.page.runNumber;
    /** @type {Run | null} */
    const run = number === null ? await latest(this.page.domain) : await get(address(`/domains/${this.page.domain}/training-runs/${number}`));
    let lastEventId = "";
    if (run !== null) lastEventId = `${run.run_number}.${await this.mount(run)}`;
    const query = number !== null && run !== null ? { training_run_id: run.training_run_id } : {};
    new Stream(address(`/domains/${this.page.domain}/training-stream`, query), lastEventId, {
      onEvent: (event) => this.take(event),
      onState: (state, why) => this.connection.update(state, why),
      // A run that was given up may report again.
      mayGoOnAfterMs: () => (this.status?.failure_reason === "lost" ? LOST_AGAIN_MS : 0),
    });
  }

  /** Make the parts that belong to one run; the last entry of its log so far. @param {Run} run */
  async mount(run) {
    const { domain } = this.page;
    /** @type {LogPage} */
    const log = await get(address(`/domains/${domain}/training-logs`, { run: run.run_number, page_size: 1 }));
    this.parts?.log.destroy();
    const options = { domain, runNumber: run.run_number };
    this.parts = {
      runId: run.training_run_id,
      log: new LogView(part("log"), {
        ...options,
        firstSeq: log.first_seq,
        lastSeq: log.last_seq,
        levelCounts: log.level_counts,
        phases: run.steps.map((step) => step.name),
      }),
      metrics: new MetricsView(part("metrics"), options),
      curves: new MetricCurves(part("curves"), options),
      result: new ResultView(part("result"), { runId: run.training_run_id }),
    };
    part("run").hidden = false;
    part("no-run").hidden = true;
    say(part("run-name"), `run ${run.run_number}`);
    this.phase = run.current_step;
    this.progress.setTimes(run.phase_times);
    // What the stream has told of this run meanwhile is newer.
    this.show(this.isMoving && this.status ? this.status : run);
    void this.others.load(run.run_number);
    return log.last_seq;
  }

  /** @param {TrainingEvent} event */
  take(event) {
    this.connection.seen();
    const isOurs = event.training_run_id === this.status?.training_run_id;
    if (event.event_type === "log") {
      if (isOurs && this.entries.push(event.data) === 1) requestAnimationFrame(() => this.appendEntries());
    } else if (event.event_type === "gap") {
      if (isOurs && !this.isMoving) void this.parts?.log.refresh();
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
    this.status = status;
    if (this.isMoving) {
      this.entries = []; // of a run that was never shown
      return;
    }
    this.appendEntries();
    this.isMoving = true;
    while (this.parts === null || this.parts.runId !== this.status.training_run_id) {
      const { training_run_id: id } = this.status;
      try {
        const run = await get(address(`/training-runs/${id}`));
        if (id === this.status.training_run_id) await this.mount(run);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        if (error.status === 404) break; // it is gone already: the stream tells what is the latest instead
        await pause(Math.max(RETRY_MS, error.retryAfterS * 1000));
      }
    }
    this.isMoving = false;
    this.appendEntries();
  }

  /** Entries come in bursts: they are shown once a frame. Those of a run that is not shown yet wait for it. */
  appendEntries() {
    if (this.isMoving) return;
    const entries = this.entries;
    this.entries = [];
    if (entries.length === 0) return;
    this.parts?.log.append(entries);
    this.parts?.curves.append(entries);
  }

  /** @param {Status} status */
  show(status) {
    this.status = status;
    for (const view of [this.state, this.progress, this.eta, this.announcer, this.cancel]) view?.update(status);
    this.parts?.metrics.update(status);
    this.parts?.result.update(status);
    document.title = `${title(status)} · ${status.domain_name} · Aegis Training Status`;
    if (status.current_step !== this.phase || status.completed_at) {
      this.phase = status.current_step;
      void this.loadTimes(status);
    }
  }

  /** @param {Status} status what the service has answered, perhaps late */
  showAnswer(status) {
    if (!this.isMoving && status.training_run_id === this.status?.training_run_id) this.show(status);
  }

  /** @param {Status} status */
  async loadTimes(status) {
    try {
      /** @type {Run} */
      const run = await get(address(`/training-runs/${status.training_run_id}`));
      if (run.training_run_id === this.status?.training_run_id) this.progress.setTimes(run.phase_times);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.phase = ""; // they are asked for again with the next status
    }
  }

  /** A second has passed. */
  tick() {
    for (const view of [this.state, this.progress, this.eta, this.connection]) view.tick();
  }
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param {Status} status */
function title(status) {
  return status.status === "training" ? `${status.progress} %` : words(status.status);
}

/** @param {string} domain the latest run of the domain, null when it was never trained @returns {Promise<Run | null>} */
async function latest(domain) {
  /** @type {import("./types.js").Domain} */
  const found = await get(address(`/domains/${domain}`));
  return found.latest_run === null ? null : get(address(`/training-runs/${found.latest_run.training_run_id}`));
}

await new RunPage(given("page")).start();
