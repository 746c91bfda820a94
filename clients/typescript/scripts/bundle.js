/** Bundles the package and its dependencies into one minified module. Prints it when run as a script. */

import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const ENTRY = fileURLToPath(new URL("../dist/index.js", import.meta.url));

export async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "warning",
  });
  return outputFiles.map((file) => file.text).join("");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(await bundle());
