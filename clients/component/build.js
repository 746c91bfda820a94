/** Makes dist: one script, with the parts of the service's own page in it, and the types of what it tells. */

import { copyFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

/** @param {string} name */
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

await build({
  entryPoints: [path("src/index.js")],
  outfile: path("dist/domain-training-progress.js"),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  loader: { ".css": "text", ".html": "text" },
});
await copyFile(path("../typescript/src/schema.d.ts"), path("dist/schema.d.ts"));
