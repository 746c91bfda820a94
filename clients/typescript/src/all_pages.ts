/** Iterates a paginated list. */

const PAGE_SIZE = 100;

interface Page<Item> {
  items: Item[];
  total: number;
}

/**
 * Every item, in the list's order and none twice.
 *
 * Items added in front meanwhile move others to later pages: items already seen are skipped. Items
 * removed move others to earlier pages: iteration goes back by the same number. An item removed at the moment
 * another is added may hide a third one.
 */
export async function* allPages<Item>(
  read: (query: { page: number; page_size: number }) => Promise<Page<Item>>,
  key: (item: Item) => unknown,
): AsyncGenerator<Item, void, undefined> {
  const seen = new Set<unknown>();
  let total = 0;
  for (let page = 1; ; ) {
    const answer = await read({ page, page_size: PAGE_SIZE });
    const removed = total - answer.total;
    total = answer.total;
    if (removed > 0 && page > 1) {
      page = Math.max(1, page - Math.ceil(removed / PAGE_SIZE));
      continue;
    }
    for (const item of answer.items) {
      if (seen.has(key(item))) continue;
      seen.add(key(item));
      yield item;
    }
    if (page * PAGE_SIZE >= total) return;
    page += 1;
  }
}
