"""All items of one of the service's lists, and all entries of a run's log, read page by page while they may change."""

import math
from collections.abc import Callable, Iterator
from typing import Any, TypedDict

from aegis_tracker.contract_types import Candidate, Domain, Evaluation, LogEntry, TrainingRun

PAGE_SIZE = 100  # the most that the service gives at once


class DomainPage(TypedDict):
    """A page of domains."""

    items: list[Domain]
    total: int


class RunPage(TypedDict):
    """A page of runs."""

    items: list[TrainingRun]
    total: int


class CandidatePage(TypedDict):
    """A page of candidates."""

    items: list[Candidate]
    total: int


class EvaluationPage(TypedDict):
    """A page of evaluations."""

    items: list[Evaluation]
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


class LogPage(TypedDict):
    """A page of entries, and how far a search has got that ran out of time."""

    logs: list[LogEntry]
    searched_to_seq: int | None


def log_entries(get: Callable[[dict[str, Any]], dict[str, Any]], asked: dict[str, Any]) -> Iterator[LogEntry]:
    """The entries from `after_seq` to `before_seq`, in the `order` of `asked`.

    `get` gives the page for a query. Where a search ran out of time, the next page goes on there.
    """
    cursor_name = "after_seq" if asked["order"] == "asc" else "before_seq"
    cursor = asked.get(cursor_name)
    while True:
        page = get(asked | {cursor_name: cursor, "page_size": PAGE_SIZE})
        entries: list[LogEntry] = page["logs"]
        yield from entries
        if len(entries) == PAGE_SIZE:
            cursor = entries[-1]["seq"]
        elif page["searched_to_seq"] is not None:
            cursor = page["searched_to_seq"]
        else:
            return
