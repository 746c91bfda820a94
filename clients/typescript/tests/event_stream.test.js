/** Server-Sent Events, as `docs/event_stream.json` says, which the Python client is held to as well. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { EventStreamParser } from "../dist/connection/event_stream.js";
import { StreamConnection } from "../dist/connection/stream_connection.js";

/** @type {{name: string, stream?: string, hex?: string, messages: object[], last_event_id: string}[]} */
const TABLE = JSON.parse(readFileSync(new URL("../../../docs/event_stream.json", import.meta.url), "utf8"));

/** What a connection reads of these bytes, as the table says it. @param {Uint8Array[]} pieces */
async function readFrom(pieces) {
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const messages = [];
  let last_event_id = "";
  for await (const piece of new StreamConnection(undefined).messages(body, new EventStreamParser())) {
    for (const { id, data } of piece) {
      last_event_id = id ?? last_event_id;
      if (data !== undefined) messages.push({ data, last_event_id });
    }
  }
  return { messages, last_event_id };
}

for (const { name, stream, hex, ...expected } of TABLE) {
  test(`${name}, however the bytes are cut`, async () => {
    const bytes = new Uint8Array(Buffer.from(stream ?? hex ?? "", hex ? "hex" : "utf8"));
    for (let at = 0; at <= bytes.length; at += 1) {
      assert.deepEqual(await readFrom([bytes.slice(0, at), new Uint8Array(), bytes.slice(at)]), expected, `cut at ${at}`);
    }
    assert.deepEqual(await readFrom([...bytes].map((byte) => Uint8Array.of(byte))), expected, "byte by byte");
  });
}

test("a message is there as soon as its empty line has ended, also with CR", () => {
  assert.deepEqual(new EventStreamParser().feed("data: a\r\r"), [{ data: "a" }]);
});
