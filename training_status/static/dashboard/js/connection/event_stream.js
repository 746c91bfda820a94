/**
 * Reading `text/event-stream`: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 *
 * @typedef {{id?: string, data?: string}} Message `id` and `data` only where the message has them
 */

/** Parses messages from chunks of text. `event` and `retry` are ignored. */
export class EventStreamParser {
  /** Whether the last line that was not empty is a comment. */
  commented = false;
  #rest = "";
  #afterReturn = false;
  /** @type {Message} */
  #message = {};

  /** The messages that end in this piece of the text. @param {string} text */
  feed(text) {
    /** @type {Message[]} */
    const messages = [];
    if (!text) return messages;
    if (this.#afterReturn && text[0] === "\n") text = text.slice(1); // the second half of a CR LF
    this.#afterReturn = text.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n?|\n/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line) {
        this.#take(line);
      } else {
        const message = this.#message;
        this.#message = {};
        if (message.id !== undefined || message.data !== undefined) messages.push(message);
      }
    }
    return messages;
  }

  /** @param {string} line not empty */
  #take(line) {
    const [, field, value = ""] = /^([^:]*):? ?(.*)/su.exec(line) ?? [];
    const { data } = this.#message;
    this.commented = field === "";
    if (field === "data") this.#message.data = data === undefined ? value : `${data}\n${value}`;
    else if (field === "id" && !value.includes("\0")) this.#message.id = value;
  }
}
