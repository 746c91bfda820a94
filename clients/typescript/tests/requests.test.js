/** Single requests: what they send, and what is thrown when they fail. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ServiceError, TrainingClient } from "aegis-training-client";

import { json, problem, serve } from "./scripted_server.js";

/** What is thrown. @param {Promise<unknown>} pending */
const thrown = (pending) =>
  pending.then(
    () => assert.fail("nothing was thrown"),
    (error) => error,
  );

test("each call asks for its own, with the token", async (t) => {
  const service = await serve(t, json({}));
  const client = new TrainingClient({ baseUrl: `${service.baseUrl}/`, token: () => "secret" });
  await client.status("medical");
  await client.status("medical", { run: 3 });
  await client.run("an id/");
  await client.result("an id");
  await client.history("medical");
  await client.compare("medical", [4, 1]);
  await client.streamTicket("medical");
  await client.api.GET("/api/v1/admin/domains/{domain_name}", { params: { path: { domain_name: "legal" } } });
  assert.deepEqual(
    service.requests.map(({ url }) => url.pathname.replace("/api/v1/admin", "") + url.search),
    [
      "/domains/medical/training-status",
      "/domains/medical/training-status?run=3",
      "/training-runs/an%20id%2F",
      "/training-runs/an%20id/result",
      "/domains/medical/training-history",
      "/domains/medical/training-comparison?run=4&run=1",
      "/stream-tickets",
      "/domains/legal",
    ],
  );
  for (const { headers } of service.requests) assert.equal(headers.authorization, "Bearer secret");
});

test("without a token none is sent", async (t) => {
  const service = await serve(t, json({}));
  await new TrainingClient(service).status("medical");
  await new TrainingClient({ ...service, token: () => "" }).status("medical");
  for (const { headers } of service.requests) assert.equal(headers.authorization, undefined);
});

test("another fetch may be called", async () => {
  /** @type {string[]} */
  const asked = [];
  const client = new TrainingClient({
    baseUrl: "https://status.example",
    fetch: async (request) => {
      asked.push(`${request.method} ${request.url} ${request.credentials}`);
      return Response.json({ run_number: 4 });
    },
  });
  assert.equal((await client.status("medical")).run_number, 4);
  assert.deepEqual(asked, ["GET https://status.example/api/v1/admin/domains/medical/training-status same-origin"]);
});

test("a refusal has the service's sentence and details", async (t) => {
  const errors = [{ field: "run", detail: "run must be a positive integer" }];
  const service = await serve(t, problem(422, "A sentence.", { errors }, { "Retry-After": "7" }));
  const error = await thrown(new TrainingClient(service).status("medical"));
  assert(error instanceof ServiceError);
  assert(error instanceof Error);
  const { name, message, status, code, retryAfterS } = error;
  assert.deepEqual(
    { name, message, status, code, errors: error.errors, retryAfterS },
    { name: "ServiceError", message: "A sentence.", status: 422, code: "a_code", errors, retryAfterS: 7 },
  );
});

test("Retry-After may be a time, by the clock of whoever says so", async (t) => {
  const headers = { Date: "Tue, 20 Jan 2026 15:00:00 GMT", "Retry-After": "Tue, 20 Jan 2026 15:02:00 GMT" };
  const service = await serve(
    t,
    problem(503, "", {}, headers),
    problem(503, "", {}, { "Retry-After": "Tue, 20 Jan 2026 15:02:00 GMT" }),
    problem(503, "", {}, { "Retry-After": "soon" }),
    problem(503, "", {}, { "Retry-After": "-5" }),
    problem(503, "", {}, { "Retry-After": "99999999999" }), // beyond what a timer can wait
    problem(503, ""),
  );
  const client = new TrainingClient(service);
  for (const seconds of [120, 0, 0, 0, 2_000_000, 0]) {
    const error = await thrown(client.status("medical"));
    assert(error instanceof ServiceError);
    assert.equal(error.retryAfterS, seconds);
  }
});

for (const body of ["", "<html>Bad Gateway</html>", '"Bad Gateway"', "null", '{"detail": ["no problem of the service"], "code": 7}', '{"detail": ""}']) {
  test(`what a proxy answers becomes a sentence: ${body}`, async (t) => {
    const service = await serve(t, (_asked, answer) => answer.writeHead(502).end(body));
    const error = await thrown(new TrainingClient(service).status("medical"));
    assert.deepEqual([error.message, error.status, error.code], ["The service responded with status 502.", 502, ""]);
  });
}

test("an error is final where a retry cannot succeed", async (t) => {
  for (const status of [400, 401, 403, 404, 409, 422, 429, 500, 503]) {
    const service = await serve(t, problem(status, "No."));
    const error = await thrown(new TrainingClient(service).status("medical"));
    assert.equal(error.isFinal, [401, 403, 404, 422].includes(status), String(status));
  }
  assert.equal(new ServiceError("The service cannot be reached.").isFinal, false);
});

/** @type {Record<string, import("./scripted_server.js").Script>} */
const NO_ANSWER = {
  "a connection that breaks": (asked) => asked.socket.destroy(),
  "an answer that is cut off": (_asked, answer) => {
    answer.writeHead(200, { "Content-Type": "application/json", "Content-Length": "100" });
    answer.write('{"run_number":', () => answer.destroy());
  },
  "an error that is cut off": (_asked, answer) => {
    answer.writeHead(500, { "Content-Type": "application/problem+json", "Content-Length": "100" });
    answer.write('{"detail":', () => answer.destroy());
  },
  "a page of something else": (_asked, answer) => answer.end("<html>Sign in to this network</html>"),
};
for (const [name, script] of Object.entries(NO_ANSWER)) {
  test(`${name} means that the service cannot be reached`, async (t) => {
    const service = await serve(t, script);
    const error = await thrown(new TrainingClient(service).status("medical"));
    assert(error instanceof ServiceError);
    assert.deepEqual([error.message, error.status], ["The service cannot be reached.", 0]);
    assert(error.cause instanceof Error);
  });
}

test("a token that cannot be had is told as that", async (t) => {
  const service = await serve(t, json({}));
  const cause = new Error("signed out");
  const token = async () => Promise.reject(cause);
  const error = await thrown(new TrainingClient({ ...service, token }).status("medical"));
  assert(error instanceof ServiceError);
  assert.deepEqual([error.message, error.status, error.cause], ["Could not get a token.", 0, cause]);
  assert.equal(service.requests.length, 0);
});

test("an aborted signal throws its reason", async (t) => {
  const service = await serve(t, () => {});
  const client = new TrainingClient(service);
  const controller = new AbortController();
  const pending = thrown(client.status("medical", { signal: controller.signal }));
  await service.awaitRequests(1);
  controller.abort();
  assert.equal((await pending).name, "AbortError");
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assert.equal(await thrown(client.status("medical", { signal })), reason);
  assert.equal(await thrown(client.logs("medical", { signal }).next()), reason);
  assert.equal(await thrown(client.runs("medical", { signal }).next()), reason);
  assert.equal(service.requests.length, 1);
});
