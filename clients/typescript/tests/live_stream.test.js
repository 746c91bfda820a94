/** What the pages and the SDK both rely on beyond `watch.test.js`, which follows a live stream through the SDK. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { LiveStream } from "../dist/connection/live_stream.js";
import { ServiceError } from "../dist/connection/service_error.js";

import { end, told } from "./scripted_server.js";

/** @typedef {import("aegis-training-client").TrainingEvent} TrainingEvent */

const OVER = new Response(null, { status: 204 });

/** @param {string} text */
const streaming = (text) => new Response(text, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });

/** @param {(Response | Error)[]} answers in turn */
function opens(...answers) {
  /** @type {object[]} */
  const asked = [];
  /** @type {import("../dist/connection/live_stream.js").Open} */
  const open = async (headers) => {
    asked.push(headers);
    const answer = answers.shift() ?? OVER;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { open, asked };
}

/** Milliseconds of the pauses, which end at once. @param {import("node:test").TestContext} t */
function pausesOf(t) {
  mock.method(Math, "random", () => 0.5);
  /** @type {number[]} */
  const pauses = [];
  const wait = globalThis.setTimeout;
  mock.method(globalThis, "setTimeout", (/** @type {() => void} */ run, /** @type {number} */ ms) => {
    if (ms === 45_000) return wait(run, ms); // the limit of silence
    pauses.push(ms);
    return wait(run, 0);
  });
  t.after(() => mock.restoreAll());
  return pauses;
}

/** @param {LiveStream<any>} stream */
async function eventsOf(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

test("the caller's parser makes the events, and what it refuses is an interruption", async (t) => {
  const pauses = pausesOf(t);
  const { open, asked } = opens(streaming('id: 1.1\ndata: {"n": 1}\n\nid: 1.2\ndata: {"n": 2\n\n'));
  const parse = (/** @type {string} */ json) => ({ event_type: "log", text: json, ...JSON.parse(json) });
  const stream = new LiveStream(open, { parse });
  assert.deepEqual(await eventsOf(stream), [{ event_type: "log", text: '{"n": 1}', n: 1 }]);
  assert.equal(stream.lastEventId, "1.1");
  assert.deepEqual(asked, [{}, { "Last-Event-ID": "1.1" }]);
  assert.deepEqual(pauses, [250]);
});

test("after the end of its run a stream asks at once what follows", async (t) => {
  const pauses = pausesOf(t);
  const { open, asked } = opens(streaming(told(1) + end));
  assert.equal((await eventsOf(new LiveStream(open, { endsWithRun: true }))).length, 2);
  assert.deepEqual(asked, [{}, { "Last-Event-ID": "1.end" }]);
  assert.deepEqual(pauses, []);
});

for (const pieces of [[told(1) + end + ": still here\n\n"], [told(1) + end, "id: 1.end.1\n\n: still", " here\n\n"]]) {
  test(`the first comment after the end ends a stream that stays open, in ${pieces.length} pieces`, async () => {
    const held = new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      },
    });
    const { open, asked } = opens(new Response(held, { headers: { "Content-Type": "text/event-stream" } }));
    const stream = new LiveStream(open, { endsWithRun: true });
    assert.equal((await eventsOf(stream)).length, 2);
    assert.equal(asked.length, 2);
    assert.equal(stream.lastEventId, pieces.length === 1 ? "1.end" : "1.end.1");
  });
}

test("the end again, as of a service that does not get the cursor, is waited for like an interruption", async (t) => {
  const pauses = pausesOf(t);
  const { open } = opens(streaming(told(1) + end), streaming(told(1) + end), streaming(told(1) + end));
  await eventsOf(new LiveStream(open, { endsWithRun: true }));
  assert.deepEqual(pauses, [250, 250]);
});

test("a stream of a domain waits after the end of a run like after any interruption", async (t) => {
  const pauses = pausesOf(t);
  const { open } = opens(streaming(told(1) + end));
  await eventsOf(new LiveStream(open, {}));
  assert.deepEqual(pauses, [250]);
});

test("Retry-After is waited for, and the jitter of the pause, so that not all come back at the same moment", async (t) => {
  const pauses = pausesOf(t);
  const later = new ServiceError("Later.", { status: 503, retryAfterS: 7 });
  await eventsOf(new LiveStream(opens(later, later).open, {}));
  assert.deepEqual(pauses, [7250, 7500]);
});

test("no event comes after an abort, also of those received already", async () => {
  const controller = new AbortController();
  const stream = new LiveStream(opens(streaming(told(1) + told(2))).open, { signal: controller.signal });
  /** @type {object[]} */
  const events = [];
  await assert.rejects(
    async () => {
      for await (const event of stream) {
        events.push(event);
        controller.abort();
      }
    },
    { name: "AbortError" },
  );
  assert.equal(events.length, 1);
  assert.equal(stream.lastEventId, "1.1");
});
