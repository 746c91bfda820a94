/** The client of the service. */

import { allEntries } from "./all_entries.js";
import type { LogQuery } from "./all_entries.js";
import { allPages } from "./all_pages.js";
import type { Token } from "./connection/authorization.js";
import { LiveStream } from "./connection/live_stream.js";
import { apiOf, dataOf, responseOf } from "./requests.js";
import type { Api } from "./requests.js";
import type {
  Domain,
  LogEntry,
  StreamTicket,
  TrainingComparison,
  TrainingEvent,
  TrainingHistory,
  TrainingRun,
  TrainingStatus,
} from "./types.js";
import type { Watch, WatchOptions } from "./watch.js";

export interface ClientOptions {
  /** The URL of the service, such as `https://status.example`. */
  baseUrl: string;
  /** Without a token, the session of the page is used, on pages served by the service. */
  token?: Token | undefined;
  /** Replaces the global `fetch`. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
}

export interface RequestOptions {
  signal?: AbortSignal | null | undefined;
}

export interface StatusOptions extends RequestOptions {
  /** The number of a run; by default the latest. */
  run?: number | undefined;
}

/** The filters of the log. `order: "desc"` reads backwards from the newest entry. */
export type LogOptions = Omit<LogQuery, "page" | "page_size"> & RequestOptions;

/**
 * Sends requests to the service. Refused and failed requests throw ServiceError; a signal that is
 * aborted throws its reason.
 */
export class TrainingClient {
  /** The openapi-fetch client, for everything else: it answers `{data, error, response}`. */
  readonly api: Api;

  constructor({ baseUrl, token, fetch }: ClientOptions) {
    this.api = apiOf(baseUrl, token, fetch);
  }

  /** The status of the domain's latest run, or of the run with that number. 404 without one. */
  status(domain_name: string, { run, signal = null }: StatusOptions = {}): Promise<TrainingStatus> {
    const query = run === undefined ? {} : { run };
    const params = { path: { domain_name }, query };
    return dataOf(this.api.GET("/api/v1/admin/domains/{domain_name}/training-status", { params, signal }), signal);
  }

  /**
   * All entries that match, oldest first, each once however the log grows meanwhile, of the run that is the latest
   * at the beginning. A domain without a run has none.
   */
  async *logs(domain_name: string, { signal, ...filters }: LogOptions = {}): AsyncGenerator<LogEntry, void, undefined> {
    const run = filters.run ?? (await this.#domain(domain_name, signal)).latest_run?.run_number;
    if (run === undefined) return;
    const read = (query: LogQuery) => {
      const params = { path: { domain_name }, query };
      const url = "/api/v1/admin/domains/{domain_name}/training-logs";
      return dataOf(this.api.GET(url, { params, signal: signal ?? null }), signal);
    };
    yield* allEntries(read, { ...filters, run, order: filters.order ?? "asc" });
  }

  /** All runs of the domain, newest first, none twice when one is added meanwhile. */
  runs(domain_name: string, { signal = null }: RequestOptions = {}): AsyncGenerator<TrainingRun, void, undefined> {
    const url = "/api/v1/admin/domains/{domain_name}/training-runs";
    return allPages(
      (query) => dataOf(this.api.GET(url, { params: { path: { domain_name }, query }, signal }), signal),
      (run) => run.training_run_id,
    );
  }

  /** All domains by name, each with the status of its latest run. */
  domains({ signal = null }: RequestOptions = {}): AsyncGenerator<Domain, void, undefined> {
    return allPages(
      (query) => dataOf(this.api.GET("/api/v1/admin/domains", { params: { query }, signal }), signal),
      (domain) => domain.name,
    );
  }

  /** One run, with what it was started with. */
  run(training_run_id: string, { signal = null }: RequestOptions = {}): Promise<TrainingRun> {
    const params = { path: { training_run_id } };
    return dataOf(this.api.GET("/api/v1/admin/training-runs/{training_run_id}", { params, signal }), signal);
  }

  /** The result of the run. 404 without one. */
  result(training_run_id: string, { signal = null }: RequestOptions = {}): Promise<Record<string, unknown>> {
    const params = { path: { training_run_id } };
    return dataOf(this.api.GET("/api/v1/admin/training-runs/{training_run_id}/result", { params, signal }), signal);
  }

  /** The domain's runs, oldest first, with their metrics and what has improved. */
  history(domain_name: string, { signal = null }: RequestOptions = {}): Promise<TrainingHistory> {
    const params = { path: { domain_name } };
    return dataOf(this.api.GET("/api/v1/admin/domains/{domain_name}/training-history", { params, signal }), signal);
  }

  /** 2 to 20 runs of the domain, by number, side by side: metrics, phase durations, configuration and prompts. */
  compare(domain_name: string, run: number[], { signal = null }: RequestOptions = {}): Promise<TrainingComparison> {
    const params = { path: { domain_name }, query: { run } };
    return dataOf(this.api.GET("/api/v1/admin/domains/{domain_name}/training-comparison", { params, signal }), signal);
  }

  /** A ticket that opens the domain's streams for a minute: for an EventSource or a WebSocket on another origin. */
  streamTicket(domain: string, { signal = null }: RequestOptions = {}): Promise<StreamTicket> {
    return dataOf(this.api.POST("/api/v1/admin/stream-tickets", { body: { domain }, signal }), signal);
  }

  /** The live events of a domain, or of one run to its end; sends no request before it is iterated. */
  watch(domain_name: string, options: WatchOptions = {}): Watch {
    const { trainingRunId: training_run_id } = options;
    const query = training_run_id === undefined ? {} : { training_run_id };
    return new LiveStream<TrainingEvent>(
      (header, signal) => {
        const url = "/api/v1/admin/domains/{domain_name}/training-stream";
        const params = { path: { domain_name }, query, header };
        return responseOf(this.api.GET(url, { params, parseAs: "stream", signal }), signal);
      },
      { ...options, endsWithRun: training_run_id !== undefined },
    );
  }

  #domain(domain_name: string, signal: AbortSignal | null = null): Promise<Domain> {
    const params = { path: { domain_name } };
    return dataOf(this.api.GET("/api/v1/admin/domains/{domain_name}", { params, signal }), signal);
  }
}
