/** Fails when the package in this folder has another version than the API that it is made from. */

import { readFileSync } from "node:fs";

const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
const openapi = readFileSync(new URL("../../../openapi.yaml", import.meta.url), "utf8");
const described = /^ {2}version: (.+)$/m.exec(openapi)?.[1];

if (version !== described) {
  console.error(`${name} is ${version}, but openapi.yaml is ${described}: set the version in package.json.`);
  process.exitCode = 1;
}
