/** The whole log of one run, page by page, with the number of the last entry as the cursor. */

import type { components, operations } from "./schema.js";
import type { LogEntry } from "./types.js";

const PAGE_SIZE = 100;

export type LogQuery = NonNullable<operations["list_training_logs"]["parameters"]["query"]>;

/**
 * Every entry that matches, each once, however the log grows meanwhile.
 *
 * A partial page is the last one, unless the search time of the service ran out: then reading continues after the
 * last entry searched.
 */
export async function* allEntries(
  read: (query: LogQuery) => Promise<components["schemas"]["TrainingLogPage"]>,
  query: LogQuery,
): AsyncGenerator<LogEntry, void, undefined> {
  const cursor = query.order === "desc" ? "before_seq" : "after_seq";
  for (let place = query[cursor]; ; ) {
    const { logs, searched_to_seq } = await read({
      ...query,
      ...(place === undefined ? {} : { [cursor]: place }),
      page_size: PAGE_SIZE,
    });
    yield* logs;
    // For a full page, `searched_to_seq` may be beyond its last entry, as the service counts the total.
    const next = logs.length === PAGE_SIZE ? logs.at(-1)?.seq : searched_to_seq;
    if (next === null || next === undefined) return;
    place = next;
  }
}
