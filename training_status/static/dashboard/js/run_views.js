/**
 * The views of a run: those that go on with the next run, and those that the next run replaces.
 *
 * @typedef {import("./log/log_state.js").LogState} LogState
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").Run} Run
 * @typedef {import("./types.js").Status} Status
 * @typedef {import("./types.js").LogEntry} LogEntry
 * @typedef {import("./types.js").LogPage} LogPage
 *
 * @typedef {object} Elements the elements of the views; views without an element are not created
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
 * @typedef {object} Options
 * @property {string} domain
 * @property {(runNumber: number) => LogState} logStateFor where the log of a run stores its filter and selection
 * @property {EventTarget} keyboard where the log listens for keyboard shortcuts
 * @property {AbortSignal} signal removes listeners and aborts requests
 */

import { Announcer } from "./announcer.js";
import { ConnectionView } from "./connection_view.js";
import { EtaView } from "./eta_view.js";
import { LogView } from "./log/log_view.js";
import { MetricCurves } from "./metric_curves.js";
import { MetricsView } from "./metrics_view.js";
import { ProgressView } from "./progress_view.js";
import { ResultView } from "./result_view.js";
import { StateView } from "./state_view.js";

export class RunViews {
  /** @param {Service} service @param {Elements} elements @param {Options} options */
  constructor(service, elements, options) {
    this.service = service;
    this.elements = elements;
    this.options = options;
    const { state, eta, progress, connection, announcer } = elements;
    this.state = state && new StateView(state, service, elements.log ? () => this.log?.showFirstError() : null);
    this.eta = eta && new EtaView(eta, service);
    this.progress = progress && new ProgressView(progress, service);
    this.connection = connection && new ConnectionView(connection);
    this.announcer = announcer && new Announcer(announcer);
    elements.log?.addEventListener(
      "notice",
      (event) => this.announcer?.say(/** @type {CustomEvent<string>} */ (event).detail),
      { signal: options.signal },
    );
    /** @type {LogView | undefined} */
    this.log = undefined;
    /** @type {MetricsView | undefined} */
    this.metrics = undefined;
    /** @type {MetricCurves | undefined} */
    this.curves = undefined;
    /** @type {ResultView | undefined} */
    this.result = undefined;
  }

  /** Replaces the views of the run before. @param {Run} run @param {LogPage} page any page of its log */
  mount(run, page) {
    this.log?.destroy();
    const { service, options } = this;
    const { domain, keyboard, signal } = options;
    const { log, metrics, curves, result } = this.elements;
    const storedState = options.logStateFor(run.run_number);
    const ofRun = { service, domain, runNumber: run.run_number };
    const logOptions = {
      ...ofRun,
      storedState,
      keyboard,
      firstSeq: page.first_seq,
      lastSeq: page.last_seq,
      levelCounts: page.level_counts,
      phases: run.steps.map((step) => step.name),
    };
    this.log = log && new LogView(log, logOptions);
    this.metrics = metrics && new MetricsView(metrics);
    this.curves = curves && new MetricCurves(curves, { ...ofRun, lineAddress: (seq) => storedState.line(seq), signal });
    this.result = result && new ResultView(result, { service, runId: run.training_run_id, signal });
    this.progress?.setTimes(run);
  }

  /** @param {Status} status */
  update(status) {
    for (const view of [this.state, this.progress, this.eta, this.announcer, this.metrics, this.result]) view?.update(status);
  }

  /** @param {LogEntry[]} entries new ones, in order */
  append(entries) {
    this.log?.append(entries);
    this.curves?.append(entries);
  }

  /** Updates what depends on the time. */
  tick() {
    for (const view of [this.state, this.progress, this.eta, this.connection]) view?.tick();
  }

  /** Clears timers and requests of the log. */
  destroy() {
    this.log?.destroy();
  }
}
