/**
 * Tells the events of a stream and the states of its connection.
 *
 * After `leaveAfter` events it leaves the loop, but stays until the test has no more to say; after `abortAfter` it
 * gives up.
 */

import { client, domain, listen, options, run, tell } from "./client.js";

const { leaveAfter, abortAfter, ...followed } = options;
const controller = new AbortController();

const watch = client.watch(domain, {
  ...followed,
  signal: controller.signal,
  onState: (state, why) => tell({ state, why }),
});

await run(async () => {
  let events = 0;
  for await (const event of watch) {
    tell({ event });
    events += 1;
    if (events === abortAfter) setImmediate(() => controller.abort());
    if (events === leaveAfter) break;
  }
  tell({ ended: watch.lastEventId });
  if (leaveAfter) await listen();
});
