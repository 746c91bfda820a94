/** Following a stream, against a server that interrupts, refuses and falls silent. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { ServiceError, TrainingClient } from "aegis-training-client";

import { end, over, problem, serve, stream, told } from "./scripted_server.js";

const RUN = "6f9619ff-8b86-4011-b42d-00c04fc964ff";

/** The messages of all entries that are told. @param {AsyncIterable<import("aegis-training-client").TrainingEvent>} watch */
async function entriesOf(watch) {
  const messages = [];
  for await (const event of watch) if (event.event_type === "log") messages.push(event.data.message);
  return messages;
}

/** Lets what is under way happen while the clock stands still. */
const breathe = () => new Promise((resolve) => setImmediate(resolve));

test("a watch resumes after the last id, and ends when there is no more", async (t) => {
  const service = await serve(t, stream([told(1), told(2)], "break"), stream([told(3), end]), over);
  const watch = new TrainingClient({ ...service, token: "secret" }).watch("medical", { trainingRunId: RUN });
  assert.deepEqual(await entriesOf(watch), ["line 1", "line 2", "line 3"]);
  assert.equal(watch.lastEventId, "1.end");
  assert.deepEqual(
    service.requests.map(({ headers }) => headers["last-event-id"]),
    [undefined, "1.2", "1.end"],
  );
  for (const { headers, url } of service.requests) {
    assert.equal(headers.authorization, "Bearer secret");
    assert.equal(url.href, `http://service/api/v1/admin/domains/medical/training-stream?training_run_id=${RUN}`);
  }
});

test("bytes may be cut anywhere, also inside a character", async () => {
  const bytes = new TextEncoder().encode(told(1, "größer 🙂") + ": alive\n\n" + end);
  const byteByByte = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const headers = { "Content-Type": "text/event-stream" };
  const answers = [new Response(byteByByte, { headers }), new Response(null, { status: 204 })];
  const fetch = async () => answers.shift() ?? assert.fail("asked again");
  const watch = new TrainingClient({ baseUrl: "http://service", fetch }).watch("medical");
  assert.deepEqual(await entriesOf(watch), ["größer 🙂"]);
});

test("a message without data moves the cursor", async (t) => {
  const service = await serve(t, stream([told(1), "id: 1.end.1\n\n"]), over);
  const watch = new TrainingClient(service).watch("medical", { lastEventId: "1.0" });
  assert.deepEqual(await entriesOf(watch), ["line 1"]);
  assert.equal(watch.lastEventId, "1.end.1");
  assert.equal(service.requests[0]?.headers["last-event-id"], "1.0");
});

test("lastEventId is that of the event in hand, and a second loop goes on after it", async (t) => {
  const service = await serve(t, stream([told(1) + told(2) + told(3)]), stream([told(2)]), over);
  const watch = new TrainingClient(service).watch("medical");
  for await (const event of watch) {
    assert.equal(event.event_type, "log");
    break;
  }
  assert.equal(watch.lastEventId, "1.1");
  assert.deepEqual(await entriesOf(watch), ["line 2"]);
  assert.equal(service.requests[1]?.headers["last-event-id"], "1.1");
});

test("the token is asked for at each connection", async (t) => {
  const service = await serve(t, stream([told(1)]), over);
  let asked = 0;
  const client = new TrainingClient({ ...service, token: async () => `token ${(asked += 1)}` });
  await entriesOf(client.watch("medical"));
  assert.deepEqual(
    service.requests.map(({ headers }) => headers.authorization),
    ["Bearer token 1", "Bearer token 2"],
  );
});

test("its state is told, with the reason for waiting", async (t) => {
  const service = await serve(t, stream([told(1)]), problem(503, "As many watch as can."), stream([end]), over);
  /** @type {string[][]} */
  const states = [];
  const onState = (/** @type {string[]} */ ...state) => states.push(state);
  await entriesOf(new TrainingClient(service).watch("medical", { trainingRunId: RUN, onState }));
  assert.deepEqual(states, [
    ["connecting", ""],
    ["open", ""],
    ["waiting", "The connection was closed."],
    ["connecting", ""],
    ["waiting", "As many watch as can."],
    ["connecting", ""],
    ["open", ""],
    ["connecting", ""],
  ]);
});

for (const status of [401, 403, 404, 422]) {
  test(`${status} is thrown`, async (t) => {
    const service = await serve(t, problem(status, "A sentence."));
    await assert.rejects(entriesOf(new TrainingClient(service).watch("medical")), (error) => {
      assert(error instanceof ServiceError);
      assert.deepEqual([error.message, error.status, error.code], ["A sentence.", status, "a_code"]);
      return true;
    });
    assert.equal(service.requests.length, 1);
  });
}

/** @type {Record<string, import("./scripted_server.js").Script>} */
const PASSING = {
  "a 500": problem(500, "Database operation failed"),
  "a 502 that a proxy wrote": (_asked, answer) => answer.writeHead(502).end("<html>"),
  "a 429": problem(429, "Slowly."),
  "a page in place of a stream": (_asked, answer) => answer.setHeader("Content-Type", "text/html").end(told(9)),
  "no answer": (asked) => asked.socket.destroy(),
  "what is no JSON": stream(["data: {\n\n"]),
  "a break before any message": stream([": alive\n\n"], "break"),
};
for (const [name, script] of Object.entries(PASSING)) {
  test(`after ${name} it is tried again`, async (t) => {
    const service = await serve(t, script, stream([told(1)]), over);
    assert.deepEqual(await entriesOf(new TrainingClient(service).watch("medical")), ["line 1"]);
  });
}

test("to leave the loop closes the connection", async (t) => {
  const service = await serve(t, stream([told(1)], "stay"));
  for await (const _ of new TrainingClient(service).watch("medical")) break;
  await service.requests[0]?.closed;
});

test("an abort while nothing comes throws its reason and closes the connection", async (t) => {
  const service = await serve(t, stream([told(1)], "stay"));
  const controller = new AbortController();
  const watch = new TrainingClient(service).watch("medical", { signal: controller.signal });
  const reason = new Error("enough");
  await assert.rejects(async () => {
    for await (const _ of watch) setImmediate(() => controller.abort(reason));
  }, reason);
  await service.requests[0]?.closed;
});

test("an abort in the loop throws before the next event", async (t) => {
  const service = await serve(t, stream([told(1) + told(2)], "stay"));
  const controller = new AbortController();
  const watch = new TrainingClient(service).watch("medical", { signal: controller.signal });
  await assert.rejects(
    async () => {
      for await (const _ of watch) controller.abort();
    },
    { name: "AbortError" },
  );
  assert.equal(watch.lastEventId, "1.1");
});

test("an abort before the beginning asks nothing, one while waiting does not wait", async (t) => {
  const service = await serve(t, problem(503, "Later.", {}, { "Retry-After": "3600" }));
  const client = new TrainingClient(service);
  await assert.rejects(entriesOf(client.watch("medical", { signal: AbortSignal.abort() })), { name: "AbortError" });
  assert.equal(service.requests.length, 0);
  const controller = new AbortController();
  const onState = (/** @type {string} */ state) => state === "waiting" && setImmediate(() => controller.abort());
  await assert.rejects(entriesOf(client.watch("medical", { signal: controller.signal, onState })), { name: "AbortError" });
});

test("what onState throws is not taken for an interruption", async (t) => {
  const service = await serve(t, stream([told(1)]));
  const onState = (/** @type {string} */ state) => {
    if (state === "open") throw new TypeError("a mistake");
  };
  await assert.rejects(entriesOf(new TrainingClient(service).watch("medical", { onState })), { message: "a mistake" });
});

/** A clock that the test moves. @param {import("node:test").TestContext} t */
function stopClock(t) {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
}

test("it comes back after Retry-After and not before", async (t) => {
  const service = await serve(t, problem(503, "Later.", {}, { "Retry-After": "7" }), over);
  stopClock(t);
  /** @type {string[]} */
  const states = [];
  let wait = () => {};
  const waiting = new Promise((resolve) => (wait = () => resolve(undefined)));
  const onState = (/** @type {string} */ state) => {
    states.push(state);
    if (state === "waiting") wait();
  };
  const watched = entriesOf(new TrainingClient(service).watch("medical", { onState }));
  await waiting;
  await breathe();
  mock.timers.tick(6_999);
  await breathe();
  assert.deepEqual(states, ["connecting", "waiting"]);
  mock.timers.tick(501); // the jitter of a first pause
  assert.deepEqual(await watched, []);
});

test("a connection that is silent for 45 s is dead", async (t) => {
  const service = await serve(t, stream([told(1)], "stay"), (_asked, _answer) => {}, over);
  stopClock(t);
  /** @type {string[]} */
  const reasons = [];
  let wait = () => {};
  const onState = (/** @type {string} */ state, /** @type {string} */ why) => {
    if (state === "waiting") reasons.push(why);
    if (state === "waiting") wait();
  };
  const silent = async () => {
    const waiting = new Promise((resolve) => (wait = () => resolve(undefined)));
    await breathe();
    mock.timers.tick(44_999);
    await breathe();
    const before = reasons.length;
    mock.timers.tick(1);
    await waiting;
    assert.equal(reasons.length, before + 1);
    await breathe();
    mock.timers.tick(1_000);
  };
  const events = new TrainingClient(service).watch("medical", { onState })[Symbol.asyncIterator]();
  await events.next();
  const ended = events.next();
  await silent(); // in a stream that was open
  await service.requests[0]?.closed;
  await service.awaitRequests(2);
  await silent(); // where nothing was answered at all
  assert.equal((await ended).done, true);
  assert.deepEqual(reasons, Array(2).fill("No data was received for 45 s."));
});

test("pauses grow with each failure, up to 15 s, and begin anew with a message", async (t) => {
  const random = mock.method(Math, "random", () => 0.99999);
  t.after(() => random.mock.restore());
  const failures = Array(8).fill(problem(500, "Not now."));
  const service = await serve(t, ...failures, stream([told(1)]), problem(500, "Not now."), over);
  /** @type {number[]} */
  const pauses = [];
  let isWaiting = false;
  const wait = globalThis.setTimeout;
  const timers = mock.method(globalThis, "setTimeout", (/** @type {() => void} */ run, /** @type {number} */ ms) => {
    if (!isWaiting) return wait(run, ms); // not a pause
    isWaiting = false;
    pauses.push(Math.ceil(ms));
    return wait(run, 0);
  });
  t.after(() => timers.mock.restore());
  const onState = (/** @type {string} */ state) => {
    isWaiting = state === "waiting";
  };
  await entriesOf(new TrainingClient(service).watch("medical", { onState }));
  assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 500, 1000]);
});
