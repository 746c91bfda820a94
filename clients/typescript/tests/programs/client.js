/** What each program here begins with: the client of the service under test, and telling in lines of JSON. */

import { createInterface } from "node:readline";

import { TrainingClient } from "aegis-training-client";

export const client = new TrainingClient({
  baseUrl: process.env.AEGIS_URL ?? "",
  token: process.env.AEGIS_TOKEN,
});

/** The program's arguments: a domain, and options. */
export const domain = process.argv[2] ?? "";
export const options = JSON.parse(process.argv[3] ?? "{}");

/** @param {unknown} what */
export const tell = (what) => console.log(JSON.stringify(what));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Returns when the test has written a line, or has no more to say. */
export const listen = () => lines.next();

/** @param {() => Promise<unknown>} program */
export async function run(program) {
  try {
    await program();
  } catch (error) {
    const { name, message, status, code } = /** @type {import("aegis-training-client").ServiceError} */ (error);
    tell({ error: { name, message, status, code } });
  }
  process.stdin.destroy();
}
