/** Makes the one call that it is asked for, and tells what it gives: an object, or a list in place of an iteration. */

import { client, domain, options, run, tell } from "./client.js";

const { call, argument = domain, runs, ...more } = options;

await run(async () => {
  const rest = [runs, Object.keys(more).length ? more : undefined].filter((one) => one !== undefined);
  const answer = await /** @type {any} */ (client)[call](argument, ...rest);
  if (!answer[Symbol.asyncIterator]) return tell(answer);
  const all = [];
  for await (const one of answer) all.push(one);
  tell(all);
});
