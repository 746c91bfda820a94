/** Logs and lists that change while they are read. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { TrainingClient } from "aegis-training-client";

import { entry, json, problem, serve } from "./scripted_server.js";

/** @typedef {import("./scripted_server.js").Script} Script */

/** The numbers from first to last. @param {number} first @param {number} last */
const range = (first, last) =>
  Array.from({ length: Math.abs(last - first) + 1 }, (_, i) => first + (first > last ? -i : i));

/** @param {number | null} run_number @returns {Script} */
const domain = (run_number) => json({ name: "medical", latest_run: run_number === null ? null : { run_number } });

/** A page of the log. @param {number[]} seqs @param {number | null} [searched_to_seq] @returns {Script} */
const page = (seqs, searched_to_seq = null) =>
  json({ logs: seqs.map((seq) => entry(seq)), searched_to_seq, total_is_exact: searched_to_seq === null });

/** @param {AsyncIterable<{seq: number}>} entries */
async function seqsOf(entries) {
  const seqs = [];
  for await (const { seq } of entries) seqs.push(seq);
  return seqs;
}

/** @param {Awaited<ReturnType<typeof serve>>} service */
const queries = (service) => service.requests.slice(1).map(({ url }) => url.search);

test("a log is read on after the last entry of each page, of the run it began with", async (t) => {
  const service = await serve(t, domain(3), page(range(1, 100)), page(range(101, 200)), page([201]));
  assert.deepEqual(await seqsOf(new TrainingClient(service).logs("medical")), range(1, 201));
  assert.deepEqual(queries(service), [
    "?run=3&order=asc&page_size=100",
    "?run=3&order=asc&after_seq=100&page_size=100",
    "?run=3&order=asc&after_seq=200&page_size=100",
  ]);
});

test("reading continues where a search ran out of time, and after the last entry of a full page", async (t) => {
  const filled = range(501, 600);
  const service = await serve(t, page([7], 100), page([], 500), page(filled, 9000), page([700]));
  const level = /** @type {const} */ (["ERROR", "CRITICAL"]);
  const logs = new TrainingClient(service).logs("medical", { run: 2, level: [...level], search: "a b" });
  assert.deepEqual(await seqsOf(logs), [7, ...filled, 700]);
  assert.deepEqual(
    service.requests.map(({ url }) => url.searchParams.get("after_seq")),
    [null, "100", "500", "600"],
  );
  assert.deepEqual(service.requests[0]?.url.searchParams.getAll("level"), level);
  assert.equal(service.requests[0]?.url.searchParams.get("search"), "a b");
});

test("backwards", async (t) => {
  const service = await serve(t, domain(1), page(range(300, 201)), page([150], 120), page([3]));
  const logs = new TrainingClient(service).logs("medical", { order: "desc", after_seq: 2 });
  assert.deepEqual(await seqsOf(logs), [...range(300, 201), 150, 3]);
  assert.deepEqual(queries(service), [
    "?order=desc&after_seq=2&run=1&page_size=100",
    "?order=desc&after_seq=2&run=1&before_seq=201&page_size=100",
    "?order=desc&after_seq=2&run=1&before_seq=120&page_size=100",
  ]);
});

test("a domain without a run has no entries, one that does not exist is an error", async (t) => {
  const service = await serve(t, domain(null), problem(404, "There is no domain 'unknown'."));
  const client = new TrainingClient(service);
  assert.deepEqual(await seqsOf(client.logs("medical")), []);
  await assert.rejects(seqsOf(client.logs("unknown")), { status: 404, message: "There is no domain 'unknown'." });
});

test("a log that is not read on is not asked for", async (t) => {
  const service = await serve(t, domain(1), page(range(1, 100)));
  for await (const { seq } of new TrainingClient(service).logs("medical")) if (seq === 100) break;
  assert.equal(service.requests.length, 2);
});

/** Answers with pages of a list that the test changes. @param {string[]} list @returns {Script} */
const pagesOf = (list) => (asked, answer, url) => {
  const number = Number(url.searchParams.get("page"));
  const size = Number(url.searchParams.get("page_size"));
  const items = list.slice((number - 1) * size, number * size).map((id) => ({ training_run_id: id, name: id }));
  return json({ items, total: list.length, page: number, page_size: size })(asked, answer, url);
};

/** 250 names, the newest first. */
const names = () => range(250, 1).map((number) => `number ${number}`);

/** @param {AsyncIterable<{training_run_id: string}>} runs @param {(count: number) => void} [meanwhile] */
async function idsOf(runs, meanwhile = () => {}) {
  const ids = [];
  for await (const { training_run_id } of runs) meanwhile(ids.push(training_run_id));
  return ids;
}

test("all runs and all domains, also when they fill their pages", async (t) => {
  for (const count of [0, 1, 100, 200, 250]) {
    const list = names().slice(0, count);
    const client = new TrainingClient(await serve(t, pagesOf(list)));
    assert.deepEqual(await idsOf(client.runs("medical")), list);
    const found = [];
    for await (const { name } of client.domains()) found.push(name);
    assert.deepEqual(found, list);
  }
});

test("no run comes twice when some are added meanwhile", async (t) => {
  const list = names();
  const client = new TrainingClient(await serve(t, pagesOf(list)));
  const ids = await idsOf(client.runs("medical"), (count) => {
    if (count === 50 || count === 150) list.unshift(`added at ${count}`, `added after ${count}`);
  });
  assert.deepEqual(ids, names());
});

test("none is missing and the order stays when some are removed meanwhile", async (t) => {
  const list = names();
  const client = new TrainingClient(await serve(t, pagesOf(list)));
  const ids = await idsOf(client.runs("medical"), (count) => {
    if (count === 50 || count === 150) list.splice(0, 30);
  });
  assert.deepEqual(ids, names());
});
