/** Builds dist: one script, bundled with the scripts of the service's pages, and the types of the API. */

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
