/** What is published: the compiled code with its types, and nothing else. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

test("dist, LICENSE, README and package.json are packed", () => {
  const beside = files.filter((path) => !path.startsWith("dist/"));
  assert.deepEqual(beside, ["LICENSE", "README.md", "package.json"]);
  assert(files.includes("dist/schema.d.ts"));
  for (const path of files) assert.match(path, /^dist\/(connection\/)?[a-z_]+\.(js|d\.ts)$|^[^/]+$/);
});

test("each module has its types", () => {
  for (const path of files.filter((path) => path.endsWith(".js"))) {
    assert(files.includes(path.replace(/\.js$/, ".d.ts")), path);
  }
});

test("the modules that the service's pages run are packed", () => {
  const shared = readdirSync(new URL("../../training_status/static/dashboard/js/connection/", root));
  assert(shared.includes("live_stream.js"));
  for (const name of shared) assert(files.includes(`dist/connection/${name}`), name);
});

test("what is imported from beside is packed, and every package is a dependency", () => {
  for (const path of files.filter((path) => path.startsWith("dist/"))) {
    const text = readFileSync(new URL(path, root), "utf8");
    for (const [, from = ""] of text.matchAll(/^(?:import|export) .*?from "([^"]+)";$/gm)) {
      if (from.startsWith(".")) {
        const target = join(dirname(path), from);
        assert(files.includes(target) || files.includes(target.replace(/\.js$/, ".d.ts")), `${path}: ${from}`);
      } else {
        assert(from in manifest.dependencies, `${path}: ${from}`);
      }
    }
  }
  assert.deepEqual(Object.keys(manifest.dependencies), ["openapi-fetch"]);
});

test("every export is packed, its types first", () => {
  assert.deepEqual(Object.keys(manifest.exports["."]), ["types", "default"]);
  for (const target of [manifest.types, ...Object.values(manifest.exports["."])]) {
    assert(files.includes(target.replace("./", "")), target);
  }
  assert.equal(manifest.type, "module");
});

test("it is imported by its name", async () => {
  const offered = await import("aegis-training-client");
  assert.deepEqual(Object.keys(offered).sort(), ["ServiceError", "TrainingClient"]);
});
