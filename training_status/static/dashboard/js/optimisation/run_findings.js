/**
 * What the parts of the section share: the run, the metric that is shown, and requests about them.
 *
 * @typedef {import("../service.js").Service} Service
 * @typedef {import("../types.js").Run} Run
 */

export class RunFindings {
  /** @type {string | null} null for the metric that was evaluated last */
  metric = null;
  /** @type {string[]} */
  metrics = [];
  /** Whether somebody has chosen the metric. */
  isChosen = false;

  /**
   * @param {Service} service
   * @param {Run} run
   * @param {AbortSignal} signal
   * @param {() => void} onMetrics called when there are other metrics
   */
  constructor(service, run, signal, onMetrics) {
    this.service = service;
    this.run = run;
    this.signal = signal;
    this.onMetrics = onMetrics;
  }

  /** @param {string | null} metric that the service chose @param {string[]} metrics of the run */
  learnMetrics(metric, metrics) {
    if (metric === this.metric && metrics.join("\n") === this.metrics.join("\n")) return;
    this.metric = metric;
    this.metrics = metrics;
    this.onMetrics();
  }

  /** @param {string} path below the run @param {Record<string, string | number | null | undefined>} [query] */
  address(path, query = {}) {
    return this.service.address(`/training-runs/${this.run.training_run_id}${path}`, query);
  }

  /**
   * Throws ServiceError.
   *
   * @template T
   * @param {string} path below the run
   * @param {Record<string, string | number | null | undefined>} [query]
   * @returns {Promise<T>}
   */
  get(path, query) {
    return this.service.get(this.address(path, query), this.signal);
  }
}
