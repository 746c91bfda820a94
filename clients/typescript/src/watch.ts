/** Follows a live stream and reconnects after interruptions. */

import { EventStreamParser } from "./event_stream.js";
import { giveUp } from "./requests.js";
import { ServiceError } from "./service_error.js";
import type { TrainingEvent } from "./types.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const SILENCE_LIMIT_S = 45; // the service sends a keepalive every 15 s
const FINAL = [401, 403, 404, 422]; // a retry cannot succeed

export type WatchState = "connecting" | "open" | "waiting";

export interface WatchOptions {
  /** Follows this run until it ends; otherwise follows the domain from run to run, without an end. */
  trainingRunId?: string | undefined;
  /** The `lastEventId` of an earlier watch, to resume after it. */
  lastEventId?: string | undefined;
  /** Ends the watch, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called with the connection state, and with the reason while it is `waiting` to reconnect. */
  onState?: ((state: WatchState, why: string) => void) | undefined;
}

/** Opens the stream after that ID; null when it has ended. Throws ServiceError. */
export type Open = (lastEventId: string, signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | null>;

/** The events of a stream, every log entry once and in order. Iterating it again resumes after the last one. */
export class Watch implements AsyncIterable<TrainingEvent> {
  readonly #open: Open;
  readonly #signal: AbortSignal | undefined;
  readonly #onState: (state: WatchState, why: string) => void;
  readonly #endsWithRun: boolean;
  #lastEventId: string;

  constructor(open: Open, { trainingRunId, lastEventId = "", signal, onState }: WatchOptions) {
    this.#open = open;
    this.#endsWithRun = trainingRunId !== undefined;
    this.#lastEventId = lastEventId;
    this.#signal = signal;
    this.#onState = onState ?? (() => {});
  }

  /** The ID of the last log entry or end event: a later watch can resume after it. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /**
   * Connects and reconnects until the stream ends. Leaving the loop closes the connection.
   * Throws ServiceError when the service refuses (401, 403, 404, 422), and the signal's reason.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<TrainingEvent, void, undefined> {
    for (let failures = 0; ; failures += 1) {
      const connection = new Connection(this.#signal);
      let why = "The connection was closed.";
      let retryAfterS = 0;
      let isOver = false;
      try {
        this.#onState("connecting", "");
        const body = await connection.hear(this.#open(this.#lastEventId, connection.signal));
        if (body === null) return;
        this.#onState("open", "");
        for await (const { id, event } of connection.messages(body)) {
          failures = 0;
          this.#signal?.throwIfAborted();
          this.#lastEventId = id ?? this.#lastEventId;
          if (!event) continue;
          yield event;
          isOver = this.#endsWithRun && (event.event_type === "completed" || event.event_type === "failed");
        }
        if (isOver) continue; // reconnect: the service reports the end, or the run has resumed
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (!(error instanceof ServiceError) || FINAL.includes(error.status)) throw error;
        ({ message: why, retryAfterS } = error);
      } finally {
        connection.close();
      }
      this.#onState("waiting", why);
      // Full jitter, so that clients do not reconnect at the same moment after a restart.
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
      await pause(retryAfterS * 1000 + Math.random() * longest, this.#signal);
    }
  }
}

/** One connection. It is closed when it is silent for too long, or when the watch ends. */
class Connection {
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;

  constructor(outer: AbortSignal | undefined) {
    outer?.throwIfAborted();
    outer?.addEventListener("abort", () => this.close(outer.reason), { signal: this.signal });
  }

  close(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  /** Awaits data from the service, with a timeout. */
  async hear<Heard>(awaited: Promise<Heard>): Promise<Heard> {
    const timer = setTimeout(
      () => this.close(new ServiceError(`No data was received for ${SILENCE_LIMIT_S} s.`)),
      SILENCE_LIMIT_S * 1000,
    );
    try {
      return await awaited;
    } catch (cause) {
      return giveUp(this.signal, cause);
    } finally {
      clearTimeout(timer);
    }
  }

  async *messages(body: ReadableStream<Uint8Array>): AsyncGenerator<{ id?: string; event?: TrainingEvent }, void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventStreamParser();
    for (;;) {
      const { done, value } = await this.hear(reader.read());
      if (done) return;
      for (const { id, data } of parser.feed(decoder.decode(value, { stream: true }))) {
        yield { ...(id === undefined ? {} : { id }), ...(data ? { event: eventOf(data) } : {}) };
      }
    }
  }
}

function eventOf(data: string): TrainingEvent {
  try {
    return JSON.parse(data) as TrainingEvent;
  } catch (cause) {
    throw new ServiceError("The service sent an invalid event.", { cause });
  }
}

/** Resolves after that time; rejects with the signal's reason when it is aborted before. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, Math.min(ms, LONGEST_TIMER_MS));
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
  });
}
