/** A small HTTP server whose answers a test writes down. */

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * @typedef {import("node:http").IncomingMessage} Asked
 * @typedef {import("node:http").ServerResponse} Answer
 * @typedef {(asked: Asked, answer: Answer, url: URL) => unknown} Script
 */

/**
 * Serves by the scripts, one request each in turn, the last one for all that follow. Closed when the test ends.
 *
 * @param {import("node:test").TestContext} t
 * @param {...Script} scripts
 */
export async function serve(t, ...scripts) {
  /** @type {{url: URL, headers: import("node:http").IncomingHttpHeaders, closed: Promise<unknown>}[]} */
  const requests = [];
  const server = createServer((asked, answer) => {
    const script = scripts[Math.min(requests.length, scripts.length - 1)];
    const url = new URL(asked.url ?? "", "http://service");
    requests.push({ url, headers: asked.headers, closed: once(answer, "close") });
    void script?.(asked, answer, url);
    server.emit("asked");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const awaitRequests = async (/** @type {number} */ count) => {
    while (requests.length < count) await once(server, "asked");
  };
  return { baseUrl: `http://127.0.0.1:${port}`, requests, awaitRequests };
}

/** @param {unknown} body @returns {Script} */
export const json = (body) => (_asked, answer) => {
  answer.setHeader("Content-Type", "application/json");
  answer.end(JSON.stringify(body));
};

/** @param {number} status @param {string} detail @param {object} [more] @param {Record<string, string>} [headers] @returns {Script} */
export const problem = (status, detail, more = {}, headers = {}) => (_asked, answer) => {
  answer.writeHead(status, { "Content-Type": "application/problem+json", ...headers });
  answer.end(JSON.stringify({ type: "about:blank", title: "", status, detail, code: "a_code", ...more }));
};

/**
 * A stream of these pieces; it ends as `end` says.
 *
 * @param {(string | Uint8Array)[]} pieces
 * @param {"close" | "break" | "stay"} [end]
 * @returns {Script}
 */
export const stream = (pieces, end = "close") => async (_asked, answer) => {
  answer.writeHead(200, { "Content-Type": "text/event-stream" });
  answer.flushHeaders();
  for (const piece of pieces) await new Promise((sent) => answer.write(piece, sent));
  if (end === "close") answer.end();
  if (end === "break") setImmediate(() => answer.destroy());
};

/** @type {Script} */
export const over = (_asked, answer) => {
  return answer.writeHead(204).end();
};

/** @param {number} seq @param {string} [message] */
export const entry = (seq, message = `line ${seq}`) => ({
  seq,
  timestamp: "2026-01-20T15:05:00Z",
  level: "INFO",
  message,
  step: null,
  metrics: null,
});

/** A log entry as the stream of run 1 tells it. @param {number} seq @param {string} [message] */
export const told = (seq, message) =>
  `id: 1.${seq}\ndata: ${JSON.stringify({ event_type: "log", data: entry(seq, message) })}\n\n`;

/** The end of run 1 as its stream tells it. */
export const end = `id: 1.end\ndata: ${JSON.stringify({ event_type: "completed", data: { status: {} } })}\n\n`;
