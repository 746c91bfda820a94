"""All items of one of the service's lists, which may change while it is read."""

import math
from collections.abc import Callable, Iterator
from typing import Any, TypedDict

from aegis_tracker.contract_types import Domain, TrainingRun

PAGE_SIZE = 100  # the most that the service gives at once


class DomainPage(TypedDict):
    """A page of domains."""

    items: list[Domain]
    total: int


class RunPage(TypedDict):
    """A page of runs."""

    items: list[TrainingRun]
    total: int


def list_items(get: Callable[[dict[str, Any]], dict[str, Any]], key: str) -> Iterator[Any]:
    """Every item once, by its `key`, in the order of the list. `get` gives the page for a query.

    What is added while reading moves the rest back, and is not told. What is removed moves the rest
    forward: then it goes back by as many as there are fewer. One that is removed just when another is added may
    hide a third.
    """
    told: set[Any] = set()
    page, total_before = 1, 0
    while True:
        answer = get({"page": page, "page_size": PAGE_SIZE})
        items, total = answer["items"], answer["total"]
        removed, total_before = total_before - total, total
        if removed > 0 and page > 1:
            page = max(1, page - math.ceil(removed / PAGE_SIZE))
            continue
        for item in items:
            if item[key] not in told:
                told.add(item[key])
                yield item
        if len(items) < PAGE_SIZE:
            return
        page += 1
