/** What is published: the built script, its types and the README, and nothing else. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
const [packed] = JSON.parse(
  execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: fileURLToPath(root),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }),
);
/** @type {string[]} */
const files = packed.files.map((/** @type {{path: string}} */ { path }) => path).sort();

test("only what is needed is packed", () => {
  assert.deepEqual(files, [
    "LICENSE",
    "README.md",
    "dist/domain-training-progress.js",
    "dist/domain-training-progress.js.map",
    "dist/schema.d.ts",
    "index.d.ts",
    "package.json",
  ]);
});

test("every export is packed", () => {
  for (const target of [manifest.types, ...Object.values(manifest.exports["."])]) {
    assert(files.includes(target.replace("./", "")), target);
  }
});

test("it needs no other package, and nothing of a build", () => {
  assert.equal(manifest.dependencies, undefined);
  assert.doesNotMatch(readFileSync(new URL("dist/domain-training-progress.js", root), "utf8"), /^import |[^.]\brequire\(/m);
});
