"""All items of one of the service's lists, which may change while it is read."""

from collections.abc import Callable, Iterator
from typing import Any

PAGE_SIZE = 100  # the most that the service gives at once


def list_items(get: Callable[[dict[str, Any]], dict[str, Any]], key: str) -> Iterator[Any]:
    """Every item once, by its `key`, in the order of the list. `get` gives the page for a query.

    What is added while reading moves the rest back, and is not told. What is removed moves the rest
    forward: when the list has become shorter, it is read again from its beginning. One that is removed just when
    another is added may hide a third.
    """
    told: set[Any] = set()
    page, total_before = 1, 0
    while True:
        answer = get({"page": page, "page_size": PAGE_SIZE})
        items, total = answer["items"], answer["total"]
        if total < total_before and page > 1:
            page, total_before = 1, total
            continue
        for item in items:
            if item[key] not in told:
                told.add(item[key])
                yield item
        if len(items) < PAGE_SIZE:
            return
        page, total_before = page + 1, total
