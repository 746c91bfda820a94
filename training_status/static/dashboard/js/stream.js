/**
 * A stream that reconnects after interruptions, from its cursor, and is closed
 * while the page is hidden.
 *
 * Uses fetch, because an EventSource does not reconnect after a status other than 200 and does not expose the status.
 *
 * @typedef {import("./service.js").Service} Service
 * @typedef {import("./types.js").TrainingEvent} TrainingEvent
 * @typedef {"connecting" | "open" | "waiting" | "ended" | "refused"} StreamState
 */

import { parseJson } from "./exact_json.js";
import { ServiceError } from "./service.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const SILENCE_LIMIT_MS = 45_000; // the service sends a keepalive every 15 s

/**
 * @typedef {object} Follower
 * @property {(event: TrainingEvent) => void} onEvent
 * @property {(state: StreamState, why: string) => void} onState
 * @property {() => number} reopenAfterMs called when the stream has ended: milliseconds until the stream is opened again; 0 for never
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
    this.lastEventId = lastEventId;
    this.follower = follower;
    /** @type {AbortController | null} */
    this.connection = null;
    this.closed = false;
    this.isRefused = false;
    this.#onVisibility = () => this.#showOrHide();
    document.addEventListener("visibilitychange", this.#onVisibility);
    window.addEventListener("online", this.#onVisibility);
    this.#showOrHide();
  }

  /** @type {() => void} */
  #onVisibility;
  /** @type {(() => void) | null} */
  #hurry = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;

  /** Closes the stream. */
  close() {
    this.#ignorePage();
    this.connection?.abort();
    this.#hurry?.();
  }

  /** Marks the stream as closed and removes the page's listeners. */
  #ignorePage() {
    this.closed = true;
    document.removeEventListener("visibilitychange", this.#onVisibility);
    window.removeEventListener("online", this.#onVisibility);
  }

  #showOrHide() {
    if (document.hidden) {
      this.connection?.abort();
    } else if (this.connection === null && !this.closed) {
      void this.#follow();
    } else {
      this.#hurry?.();
    }
  }

  /** Connects and reconnects until the stream is closed, the page is hidden, or the stream has ended. */
  async #follow() {
    let failures = 0;
    while (!this.closed && !document.hidden) {
      const connection = (this.connection = new AbortController());
      const token = this.service.token();
      let why = "The connection was interrupted.";
      let retryAfterMs = 0;
      try {
        this.follower.onState("connecting", "");
        this.#heard(connection);
        const answer = await this.service.ask(this.url, {
          signal: connection.signal,
          headers: this.lastEventId ? { "Last-Event-ID": this.lastEventId } : {},
        });
        if (answer.status === 204) {
          clearTimeout(this.#silence);
          const againMs = this.follower.reopenAfterMs();
          if (againMs === 0) return this.#stop("ended", "");
          this.follower.onState("ended", "");
          await this.#pause(againMs);
          continue;
        }
        if (!answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
          throw new ServiceError("The response did not come from the service.", 0);
        }
        this.follower.onState("open", "");
        await this.#read(answer, connection, () => (failures = 0));
      } catch (error) {
        if (error instanceof ServiceError) {
          if (error.isFinal && this.service.token() === token) return this.#stop("refused", this.#refusal(error));
          why = error.message;
          retryAfterMs = error.retryAfterS * 1000;
        } else if (!(error instanceof DOMException || error instanceof TypeError || error instanceof SyntaxError)) {
          throw error; // network errors and invalid data are interruptions; anything else is a bug
        }
      } finally {
        clearTimeout(this.#silence);
        connection.abort();
      }
      if (this.closed || document.hidden) break;
      this.follower.onState("waiting", why);
      failures += 1;
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
      await this.#pause(Math.max(retryAfterMs, longest * (0.5 + Math.random() / 2)));
    }
    this.connection = null;
  }

  /** @param {ServiceError} error */
  #refusal({ status, message }) {
    const isOfSession = status === 401 || status === 403;
    return isOfSession && this.service.hasSession ? `${message} Reload the page to sign in again.` : message;
  }

  /** Restarts the timer that aborts a silent connection. @param {AbortController} connection */
  #heard(connection) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => connection.abort(), SILENCE_LIMIT_MS);
  }

  /** @param {StreamState} state @param {string} why */
  #stop(state, why) {
    this.#ignorePage();
    this.isRefused = state === "refused";
    this.connection = null;
    this.follower.onState(state, why);
  }

  /** @param {number} ms the delay; it ends early when the page is shown again or the network is back */
  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const hurry = () => done();
      this.#hurry = hurry;
      /** Go on. */
      function done() {
        clearTimeout(timer);
        resolve(undefined);
      }
    });
  }

  /**
   * Dispatches the messages of a response until it ends.
   *
   * @param {Response} answer
   * @param {AbortController} connection
   * @param {() => void} onMessage
   */
  async #read(answer, connection, onMessage) {
    if (answer.body === null) return;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      this.#heard(connection);
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const messages = text.split("\n\n");
      text = messages.pop() ?? "";
      for (const message of messages) {
        onMessage();
        this.#take(message);
      }
    }
  }

  /** @param {string} message the lines of one message, as the service writes them: an id and one line of data */
  #take(message) {
    let id = "";
    let data = "";
    for (const line of message.split("\n")) {
      if (line.startsWith("id: ")) id = line.slice(4);
      else if (line.startsWith("data: ")) data = line.slice(6);
    }
    const event = data ? /** @type {TrainingEvent} */ (parseJson(data)) : null;
    if (id) this.lastEventId = id;
    if (event === null) return;
    if (event.event_type !== "log" && event.event_type !== "gap") this.service.learnClock(event.timestamp);
    try {
      this.follower.onEvent(event);
    } catch (error) {
      reportError(error); // a bug in the listener must not interrupt the connection
    }
  }
}
