"""All entries of a run's log, a page at a time: each page begins where the last one ended, by the entries' numbers."""

from collections.abc import Callable, Iterator
from typing import Any, TypedDict

from aegis_tracker.contract_types import LogEntry

PAGE_SIZE = 100  # the most that the service gives at once


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
