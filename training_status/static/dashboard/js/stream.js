/**
 * The live stream of a page: closed while the page is hidden, and opened again at once when the network is back.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").TrainingEvent} TrainingEvent
 * @typedef {import("./connection/live_stream.js").ConnectionState | "ended" | "refused"} StreamState
 */

import { LiveStream } from "./connection/live_stream.js";
import { pause } from "./connection/pause.js";
import { ServiceError } from "./connection/service_error.js";
import { parseJson } from "./exact_json.js";
import { hasStatus } from "./training_events.js";

/**
 * @typedef {object} Follower
 * @property {(event: TrainingEvent) => void} onEvent
 * @property {(state: StreamState, why: string) => void} onState
 * @property {boolean} [endsWithRun] whether the stream is about one run, and ends with it
 * @property {() => number} [reopenAfterMs] called when the stream has ended: milliseconds until the stream is opened again;
 *   0 for never
 */

export class Stream {
  /**
   * @param {Service} service
   * @param {string} url from its `address`
   * @param {string} lastEventId the cursor to resume after, `RUN.SEQ`; empty for a new viewer
   * @param {Follower} follower
   */
  constructor(service, url, lastEventId, follower) {
    this.service = service;
    this.url = url;
    this.follower = follower;
    this.#live = this.#resumed(lastEventId, undefined);
    document.addEventListener("visibilitychange", this.#onPage);
    window.addEventListener("online", this.#onPage);
    this.#onPage();
  }

  /** @type {LiveStream<TrainingEvent>} */
  #live;
  /** Ends the following of the stream; null while the page is hidden. @type {AbortController | null} */
  #following = null;
  /** @type {StreamState} */
  #state = "connecting";
  #token = "";

  /** The cursor to resume after. */
  get lastEventId() {
    return this.#live.lastEventId;
  }

  /** Whether the stream has ended because the service refused it. */
  get isRefused() {
    return this.#state === "refused";
  }

  /** Closes the stream. */
  close() {
    document.removeEventListener("visibilitychange", this.#onPage);
    window.removeEventListener("online", this.#onPage);
    this.#following?.abort();
  }

  #onPage = () => {
    const isPaused = this.#state === "waiting" || this.#state === "ended";
    if (!document.hidden && this.#following && !isPaused) return;
    this.#following?.abort();
    this.#following = document.hidden ? null : new AbortController();
    if (this.#following) void this.#follow(this.#following.signal);
  };

  /** Follows the stream until it is closed, the page is hidden, or the stream has ended. @param {AbortSignal} signal */
  async #follow(signal) {
    this.#live = this.#resumed(this.lastEventId, signal);
    while (!signal.aborted) {
      try {
        for await (const event of this.#live) this.#take(event);
        const againMs = this.follower.reopenAfterMs?.() ?? 0;
        if (againMs === 0) this.close();
        this.#tell("ended", "");
        await pause(againMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ServiceError)) throw error;
        if (this.service.token() !== this.#token) continue; // another token was set during the request
        this.close();
        this.#tell("refused", this.#refusal(error));
      }
    }
  }

  /** The stream after this cursor. @param {string} lastEventId @param {AbortSignal | undefined} signal */
  #resumed(lastEventId, signal) {
    const { endsWithRun } = this.follower;
    /** @type {import("./connection/live_stream.js").Open} */
    const open = (headers, signal) => {
      this.#token = this.service.token();
      return this.service.ask(this.url, { headers, signal });
    };
    return new LiveStream(open, { endsWithRun, lastEventId, signal, parse: parseJson, onState: (state, why) => this.#tell(state, why) });
  }

  /** @param {StreamState} state @param {string} why */
  #tell(state, why) {
    this.#state = state;
    this.follower.onState(state, why);
  }

  /** @param {TrainingEvent} event */
  #take(event) {
    if (hasStatus(event)) this.service.learnClock(event.timestamp);
    try {
      this.follower.onEvent(event);
    } catch (error) {
      reportError(error); // a bug in the listener must not interrupt the connection
    }
  }

  /** @param {ServiceError} error */
  #refusal({ status, message }) {
    const isOfSession = status === 401 || status === 403;
    return isOfSession && this.service.hasSession ? `${message} Reload the page to sign in again.` : message;
  }
}
