/** Makes dist/domain-training-progress.js: one file, with the parts of the service's own page in it. */

import { build } from "esbuild";

await build({
  entryPoints: [new URL("src/index.js", import.meta.url).pathname],
  outfile: new URL("dist/domain-training-progress.js", import.meta.url).pathname,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  sourcesContent: true,
  loader: { ".css": "text", ".html": "text" },
  legalComments: "none",
});
