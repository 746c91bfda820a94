"""Reading a run's log in windows, which cost the same at entry one and at entry one million.

Entries are numbered without gaps, so a window of the whole log is a range of numbers, and its size is known without
counting. Filters without an index search the log in slices, newest (or oldest) first, until a time limit.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

from django.conf import settings
from django.db import connection

from training_status.errors import InvalidInput, NotFound
from training_status.log_levels import LEVEL_NAMES, LEVEL_NUMBERS
from training_status.read.domains import domain_exists
from training_status.read.message_search import found_in_messages
from training_status.read.run_facts import RunFacts, latest_run
from training_status.selected_columns import JSONB, Selected

_PAGE_SIZE_MAX = 100
_DOWNLOAD_SLICE = 250  # of messages that may have 64 KiB each
_FIRST_SLICE, _SMALLEST_SLICE, _LARGEST_SLICE = 2_000, 100, 200_000
_SLICE_TARGET_S = 0.05
_FIRST_SLICE_BYTES = 4_000_000  # coloured messages are searched at some 20 MB a second


@dataclass(slots=True)
class LogLine:
    """A log entry. `level` is its number.

    `progress_percent` and `phase` are those of the run after the entry, None in entries of releases that did not store
    them.
    """

    seq: int
    timestamp: datetime
    level: int
    message: str
    step: str | None
    metrics: Annotated[dict[str, Any] | None, JSONB]
    progress_percent: float | None
    phase: str | None


LOG_LINE = Selected(LogLine, "entry")


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which entries to read, in which order. `search` finds a part of the displayed message, ignoring case."""

    levels: frozenset[int] | None = None
    step: str | None = None
    search: str | None = None
    before_seq: int | None = None
    after_seq: int | None = None
    ascending: bool = False


@dataclass(slots=True)
class LogWindow:
    """Some of the matching entries. `total` counts all matches, or those that were found within the time limit.

    `searched_to_seq` is the last entry that was searched when the time limit was reached, else None.
    """

    lines: list[LogLine]
    total: int
    total_is_exact: bool = True
    searched_to_seq: int | None = None


@dataclass(slots=True)
class _Condition:
    sql: str = ""
    parameters: list[Any] = field(default_factory=list)

    def add(self, sql: str, *parameters: Any) -> None:
        self.sql += f" AND {sql}"
        self.parameters += parameters


class RunLog:
    """The entries of a run that match a filter. Without a run (None) there are no entries."""

    def __init__(self, domain_name: str, run: RunFacts | None, log_filter: LogFilter) -> None:
        self.domain_name = domain_name
        self.run = run
        self.filter = log_filter
        first, last = (run.first_seq, run.last_seq) if run else (1, 0)
        self._lowest = max(first, (log_filter.after_seq or 0) + 1)
        self._highest = last if log_filter.before_seq is None else min(last, log_filter.before_seq - 1)
        self._span = max(0, self._highest - self._lowest + 1)
        self._whole = self._lowest, self._highest
        self._levels = None if log_filter.levels in (None, frozenset(LEVEL_NAMES)) else log_filter.levels

    def window(self, offset: int, limit: int) -> LogWindow:
        """Return the matching entries `offset` to `offset + limit`, in the filter's order."""
        if self._levels is None and self.filter.step is None and self.filter.search is None:
            return LogWindow(self._select(*self._range(offset, limit), _Condition()), self._span)
        return self._searched_window(offset, limit)

    def slices(self, first: int = 0) -> Iterator[list[LogLine]]:
        """Yield all matching entries in the filter's order, in slices, from slice number `first`.

        A slice covers a fixed range of numbers, so it never changes. Raises NotFound at the end if the log or its
        beginning was removed meanwhile.
        """
        condition = self._condition()
        for searched in range(first * _DOWNLOAD_SLICE, self._span, _DOWNLOAD_SLICE):
            yield self._select(*self._range(searched, _DOWNLOAD_SLICE), condition)
        if self._span and not self._is_kept():
            raise NotFound("The log or its beginning was removed while it was being read.", code="log_removed")

    @property
    def bounds(self) -> tuple[int, int]:
        """The lowest and highest number of the entries that the filter covers."""
        return self._whole

    def up_to(self, highest: int) -> "RunLog":
        """Return this log as it was when `highest` was its last entry."""
        before_seq = min(highest + 1, self.filter.before_seq or highest + 1)
        return RunLog(self.domain_name, self.run, replace(self.filter, before_seq=before_seq))

    def _range(self, offset: int, size: int) -> tuple[int, int]:
        """Return the lowest and highest number of `size` entries after `offset` entries, in the filter's order."""
        if self.filter.ascending:
            lowest = self._lowest + offset
            return lowest, min(lowest + size - 1, self._highest)
        highest = self._highest - offset
        return max(highest - size + 1, self._lowest), highest

    def _searched_window(self, offset: int, limit: int) -> LogWindow:
        """Search the log in slices until everything is counted or the time limit is reached."""
        condition = self._condition()
        known_total = self._total_by_level()
        if known_total is not None and self._is_indexed:
            within = offset < known_total
            lines = self._select(*self._whole, condition, limit=limit, offset=offset) if within else []
            return LogWindow(lines, known_total)
        lines = []
        found, searched, size = 0, 0, self._first_slice()
        begun = time.monotonic()
        deadline = begun + settings.LOG_SEARCH_LIMIT.total_seconds()
        while searched < self._span:
            if known_total is not None and (len(lines) == limit or found >= known_total):
                break
            if begun > deadline:
                lowest, highest = self._range(searched - 1, 1)
                return LogWindow(lines, known_total or found, known_total is not None, lowest)
            lowest, highest = self._range(searched, size)
            matches = self._count(lowest, highest, condition)
            if found + matches > offset and len(lines) < limit:
                skip, room = max(0, offset - found), limit - len(lines)
                lines += self._select(lowest, highest, condition, limit=room, offset=skip)
            found += matches
            searched += size
            ended = time.monotonic()
            size = min(size * 2, _LARGEST_SLICE) if ended - begun < _SLICE_TARGET_S else max(size // 2, _SMALLEST_SLICE)
            begun = ended
        return LogWindow(lines, found if known_total is None else known_total)

    def _first_slice(self) -> int:
        """Return the size of the first slice: smaller for long messages, whose size is known without reading them."""
        if self.run is None or self.filter.search is None:
            return _FIRST_SLICE
        lowest, highest = self._range(0, _FIRST_SLICE)
        sql = """
            SELECT coalesce(avg(octet_length(message)), 0) FROM training_status_traininglogentry
             WHERE run_id = %s AND seq BETWEEN %s AND %s
        """
        with connection.cursor() as cursor:
            cursor.execute(sql, (self.run.id, lowest, highest))
            (bytes_of_one,) = cursor.fetchone()
        return max(_SMALLEST_SLICE, min(_FIRST_SLICE, int(_FIRST_SLICE_BYTES / max(1, bytes_of_one))))

    @property
    def _is_indexed(self) -> bool:
        """Whether only warnings and higher levels are requested, which have their own index."""
        return self._levels is not None and min(self._levels, default=0) >= LEVEL_NUMBERS["WARNING"]

    def _total_by_level(self) -> int | None:
        """Return the number of matches by the run's counters, if the filter has only levels; else None."""
        if self.run is None or self._levels is None or self.filter.step is not None or self.filter.search is not None:
            return None
        if self._span != self.run.log_count:
            return None
        counts = dict(zip(sorted(LEVEL_NAMES), self.run.level_counts, strict=True))
        return sum(counts[level] for level in self._levels)

    def _is_kept(self) -> bool:
        assert self.run is not None
        with connection.cursor() as cursor:
            cursor.execute("SELECT first_seq FROM training_status_trainingrun WHERE id = %s", (self.run.id,))
            row = cursor.fetchone()
        return row is not None and row[0] <= self._lowest

    def _condition(self) -> _Condition:
        condition = _Condition()
        if self._levels is not None:
            condition.add("level = ANY(%s)", sorted(self._levels))
        if self._is_indexed:
            condition.add(f"level >= {LEVEL_NUMBERS['WARNING']}")  # the condition of the partial index
        if self.filter.step is not None:
            condition.add("step = %s", self.filter.step)
        if self.filter.search is not None:
            found = found_in_messages(self.filter.search)
            if found is not None:
                condition.add(found[0], *found[1])
        return condition

    def _select(
        self, lowest: int, highest: int, condition: _Condition, *, limit: int | None = None, offset: int = 0
    ) -> list[LogLine]:
        if self.run is None or lowest > highest:
            return []
        order = "ASC" if self.filter.ascending else "DESC"
        sql = f"""
            SELECT {LOG_LINE.columns} FROM training_status_traininglogentry AS entry
             WHERE run_id = %s AND seq BETWEEN %s AND %s{condition.sql}
             ORDER BY seq {order} LIMIT %s OFFSET %s
        """
        with connection.cursor() as cursor:
            cursor.execute(sql, (self.run.id, lowest, highest, *condition.parameters, limit, offset))
            return [LOG_LINE.instance(row) for row in cursor]

    def _count(self, lowest: int, highest: int, condition: _Condition) -> int:
        assert self.run is not None
        sql = f"""
            SELECT count(*) FROM training_status_traininglogentry
             WHERE run_id = %s AND seq BETWEEN %s AND %s{condition.sql}
        """
        with connection.cursor() as cursor:
            cursor.execute(sql, (self.run.id, lowest, highest, *condition.parameters))
            (count,) = cursor.fetchone()
        return int(count)


def get_training_log_messages(domain_name: str, page: int = 1, page_size: int = 20) -> LogWindow:
    """Return a page of the log of the domain's latest run, newest first, for code inside the service.

    `page` counts from 1, `page_size` is 1 to 100. A domain without a run has an empty log. Raises InvalidInput for
    other numbers, and NotFound for an unknown domain.
    """
    if not _is_number(page) or page < 1:
        raise InvalidInput("page must be >= 1", field="page")
    if not _is_number(page_size) or not 1 <= page_size <= _PAGE_SIZE_MAX:
        raise InvalidInput(f"page_size must be 1-{_PAGE_SIZE_MAX}", field="page_size")
    run = latest_run(domain_name)
    if run is None and not domain_exists(domain_name):
        raise NotFound(f"No training log found for domain '{domain_name}'", code="domain_not_found")
    return RunLog(domain_name, run, LogFilter()).window((page - 1) * page_size, page_size)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
