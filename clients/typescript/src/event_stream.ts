/** Reading `text/event-stream`: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */

/** A message; `id` and `data` only where it has them. */
export interface Message {
  id?: string;
  data?: string;
}

/** Parses messages from chunks of text. `event` and `retry` are ignored. */
export class EventStreamParser {
  #rest = "";
  #afterReturn = false;
  #message: Message = {};

  /** The messages that end in this piece of the text. */
  *feed(text: string): Generator<Message, void, undefined> {
    if (!text) return;
    if (this.#afterReturn && text[0] === "\n") text = text.slice(1);
    this.#afterReturn = text ? text.endsWith("\r") : false;
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line) {
        this.#take(line);
      } else {
        const message = this.#message;
        this.#message = {};
        if (message.id !== undefined || message.data !== undefined) yield message;
      }
    }
  }

  #take(line: string): void {
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? [];
    if (field === "data") {
      this.#message.data = this.#message.data === undefined ? value : `${this.#message.data}\n${value}`;
    } else if (field === "id" && !value.includes("\0")) {
      this.#message.id = value;
    }
  }
}
