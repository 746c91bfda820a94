/** Tells the entries of a log one by one; at `pauseAt` it waits until the test says go on. */

import { client, domain, listen, options, run, tell } from "./client.js";

const { pauseAt, ...filters } = options;

await run(async () => {
  for await (const entry of client.logs(domain, filters)) {
    tell(entry);
    if (entry.seq === pauseAt) await listen();
  }
});
