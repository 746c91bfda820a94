/** One connection of a live stream. It is closed when it is silent for too long, or when the stream ends. */

/** @typedef {import("./event_stream.js").EventStreamParser} EventStreamParser */

import { giveUp, ServiceError } from "./service_error.js";

const SILENCE_LIMIT_S = 45; // the service sends a keepalive every 15 s

export class StreamConnection {
  #controller = new AbortController();
  signal = this.#controller.signal;

  /** @param {AbortSignal | undefined} outer closes the connection; its reason is thrown if it is aborted already */
  constructor(outer) {
    outer?.throwIfAborted();
    outer?.addEventListener("abort", () => this.close(outer.reason), { signal: this.signal });
  }

  /** @param {unknown} [reason] */
  close(reason) {
    this.#controller.abort(reason);
  }

  /**
   * Awaits data from the service, with a timeout. Throws ServiceError, or the reason of the outer signal.
   *
   * @template Received
   * @param {Promise<Received>} awaited
   */
  async receive(awaited) {
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

  /**
   * The messages of a response until it ends, by pieces. Throws like `receive`.
   *
   * @param {ReadableStream<Uint8Array>} body
   * @param {EventStreamParser} parser
   */
  async *messages(body, parser) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.receive(reader.read());
      if (done) return;
      yield parser.feed(decoder.decode(value, { stream: true }));
    }
  }
}
