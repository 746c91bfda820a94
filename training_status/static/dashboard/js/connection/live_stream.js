/**
 * A live stream that reconnects after interruptions and resumes after the last event.
 *
 * Uses fetch, because an EventSource does not reconnect after a status other than 200 and does not expose the status.
 *
 * @typedef {"connecting" | "open" | "waiting"} ConnectionState
 *
 * @typedef {(cursor: {"Last-Event-ID"?: string}, signal: AbortSignal) => Promise<Response>} Open
 *   requests the stream with these headers and returns a successful response. Throws ServiceError
 */

/**
 * @template Event
 * @typedef {object} LiveStreamOptions
 * @property {boolean | undefined} [endsWithRun] whether the stream is about one run, and ends with it
 * @property {string | undefined} [lastEventId] the ID to resume after; empty for the beginning
 * @property {AbortSignal | undefined} [signal] ends the stream, which then throws the signal's reason
 * @property {((state: ConnectionState, why: string) => void) | undefined} [onState] called with the connection state, and
 *   with the reason while it is `waiting` to reconnect
 * @property {((json: string) => Event) | undefined} [parse] parses an event; `JSON.parse` by default
 */

import { EventStreamParser } from "./event_stream.js";
import { pause } from "./pause.js";
import { ServiceError } from "./service_error.js";
import { StreamConnection } from "./stream_connection.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * The events of a stream, every log entry once and in order. Iterating it again resumes after the last one.
 *
 * @template {{event_type: string}} Event
 */
export class LiveStream {
  #open;
  #options;
  #lastEventId;

  /** @param {Open} open @param {LiveStreamOptions<Event>} options */
  constructor(open, options) {
    this.#open = open;
    this.#options = options;
    this.#lastEventId = options.lastEventId ?? "";
  }

  /** The ID of the last log entry or end event: a later stream can resume after it. */
  get lastEventId() {
    return this.#lastEventId;
  }

  /**
   * Connects and reconnects until the stream ends. Leaving the loop closes the connection.
   * Throws ServiceError when the service refuses (401, 403, 404, 422), and the signal's reason.
   *
   * @returns {AsyncGenerator<Event, void, undefined>}
   */
  async *[Symbol.asyncIterator]() {
    const { endsWithRun, signal, onState, parse = JSON.parse } = this.#options;
    for (let failures = 0; ; failures += 1) {
      const connection = new StreamConnection(signal);
      const start = this.#lastEventId;
      let why = "The connection was closed.";
      let retryAfterS = 0;
      let isOver = false;
      try {
        onState?.("connecting", "");
        const response = await connection.receive(this.#open(start ? { "Last-Event-ID": start } : {}, connection.signal));
        if (response.status === 204) return;
        const { body, headers } = response;
        if (!body || !headers.get("Content-Type")?.startsWith("text/event-stream")) {
          throw new ServiceError("The response is not an event stream.");
        }
        onState?.("open", "");
        const parser = new EventStreamParser();
        for await (const messages of connection.messages(body, parser)) {
          for (const { id, data } of messages) {
            signal?.throwIfAborted();
            const event = data ? parsed(parse, data) : null;
            failures = 0;
            this.#lastEventId = id ?? this.#lastEventId;
            if (!event) continue;
            yield event;
            isOver = !!endsWithRun && (event.event_type === "completed" || event.event_type === "failed");
          }
          if (isOver && parser.commented) break; // the service keeps the connection open after the end
        }
        // Reconnect at once: the service reports the end, or the run has resumed.
        if (isOver && this.#lastEventId !== start) continue;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof ServiceError) || error.isFinal) throw error;
        ({ message: why, retryAfterS } = error);
      } finally {
        connection.close();
      }
      onState?.("waiting", why);
      // Full jitter, so that clients do not reconnect at the same moment after a restart.
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
      await pause(retryAfterS * 1000 + Math.random() * longest, signal);
    }
  }
}

/** @template Event @param {(json: string) => Event} parse @param {string} data */
function parsed(parse, data) {
  try {
    return parse(data);
  } catch (cause) {
    throw new ServiceError("The service sent an invalid event.", { cause });
  }
}
