/** Messages of text, by the rules of the HTML standard. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { EventStreamParser } from "../dist/event_stream.js";

/** @param {string[]} pieces */
function messages(...pieces) {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => [...parser.feed(piece)]);
}

test("an id and data", () => {
  assert.deepEqual(messages("id: 3.14\ndata: {}\n\n"), [{ id: "3.14", data: "{}" }]);
});

test("several lines of data are one text", () => {
  assert.deepEqual(messages("data: a\ndata\ndata:b\ndata:  c\n\n"), [{ data: "a\n\nb\n c" }]);
});

test("comments, other fields and empty messages are passed over", () => {
  assert.deepEqual(messages(": alive\n\n:\nretry: 5\n\nevent: x\ndata: a\nunknown: b\n\n\n\n"), [{ data: "a" }]);
});

test("an id without data, an empty id, and one with NUL, which counts for nothing", () => {
  assert.deepEqual(messages("id: 1.end.4\n\nid\n\nid: a\0\n\n"), [{ id: "1.end.4" }, { id: "" }]);
});

test("a value may hold colons and odd line separators", () => {
  assert.deepEqual(messages("data: a: b\u2028c\u0085d:\n\n"), [{ data: "a: b\u2028c\u0085d:" }]);
});

test("what has not ended is no message", () => {
  assert.deepEqual(messages("data: a\n\nid: 7\ndata: b\n"), [{ data: "a" }]);
});

for (const [name, newline] of Object.entries({ LF: "\n", CRLF: "\r\n", CR: "\r" })) {
  const text = `: hello\n\nid: 1.1\ndata: ä🙂\ndata: \n\ndata\n\nid: 1.2\n\n`.replaceAll("\n", newline);
  const expected = [{ id: "1.1", data: "ä🙂\n" }, { data: "" }, { id: "1.2" }];

  test(`lines end with ${name}, in one piece, in two, and character by character`, () => {
    assert.deepEqual(messages(text), expected);
    assert.deepEqual(messages(...text), expected);
    for (let cut = 0; cut <= text.length; cut += 1) {
      assert.deepEqual(messages(text.slice(0, cut), "", text.slice(cut)), expected, `cut at ${cut}`);
    }
  });
}

test("a message is there as soon as its empty line has ended, also with CR", () => {
  assert.deepEqual([...new EventStreamParser().feed("data: a\r\r")], [{ data: "a" }]);
});
