/** Prints the bundle size, openapi-fetch included, and fails above the limit. */

import { gzipSync } from "node:zlib";

import { bundle } from "./bundle.js";

const MAX_BYTES = 5000;

const minified = Buffer.from(await bundle());
const bytes = gzipSync(minified, { level: 9 }).length;
console.log(`aegis-training-client: ${minified.length} bytes minified, ${bytes} gzipped; at most ${MAX_BYTES}`);
if (bytes > MAX_BYTES) process.exitCode = 1;
