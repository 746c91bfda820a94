/** Fails when the package has another version than the API that it is made from. */

import { readFileSync } from "node:fs";

const here = new URL(".", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("../package.json", here), "utf8"));
const described = /^ {2}version: (.+)$/m.exec(readFileSync(new URL("../../../openapi.yaml", here), "utf8"))?.[1];

if (version !== described) {
  console.error(`aegis-training-client is ${version}, but openapi.yaml is ${described}: set the version in package.json.`);
  process.exitCode = 1;
}
