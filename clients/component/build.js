/** Makes dist: one script, with the parts of the service's own page in it, and the types of what it tells. */

import { writeFile } from "node:fs/promises";
import { build } from "esbuild";
import openapiTypescript, { astToString } from "openapi-typescript";

await build({
  entryPoints: [new URL("src/index.js", import.meta.url).pathname],
  outfile: new URL("dist/domain-training-progress.js", import.meta.url).pathname,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  loader: { ".css": "text", ".html": "text" },
});
const types = await openapiTypescript(new URL("../../openapi.yaml", import.meta.url));
await writeFile(new URL("dist/schema.d.ts", import.meta.url), astToString(types));
