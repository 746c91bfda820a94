"""Reads a spool in order, in batches the service takes, and remembers what has arrived."""

import logging
from dataclasses import dataclass
from typing import NamedTuple

from aegis_tracker.diagnostics import log
from aegis_tracker.spool import Spool
from aegis_tracker.spool_memory import MEMORY_PART
from aegis_tracker.spool_records import (
    DROPPED_TYPE,
    END_TYPES,
    EVENT_TYPES,
    NEXT_TYPE,
    PART_TYPE,
    RECORD_MAX_BYTES,
    SOURCE_TYPE,
    dropped_as_event,
    first_n_of,
    line_of,
    parse_record,
    resume_of,
    says_lost,
)

BATCH_MAX_EVENTS = 1000  # the contract's limit


class Place(NamedTuple):
    """How far a spool has arrived: up to `offset` of `part`; the next event is `next_n`. One value, so that
    a process forked at any moment inherits a whole one. `source` is who counts, None for the first."""

    part: int = 0
    offset: int = 0
    next_n: int = 1
    ended: bool = False
    source: str | None = None

    @property
    def position(self) -> tuple[int, int]:
        """Where it is, to be compared with the end of the spool."""
        return self.part, self.offset


@dataclass(frozen=True)
class Batch:
    """Events as they are sent: JSON texts numbered from `first_n`. `after` is the place behind them.

    Where `source_at` is given there are none: behind the line at that offset another process counts, from
    `first_n`, or where that is None from a number that the service has to be asked for.
    """

    first_n: int
    events: list[bytes]
    after: Place
    source_at: int | None = None
    is_numbered: bool = True

    @property
    def last_n(self) -> int:
        """The number of the last event; one less than `first_n` in a batch without events."""
        return self.first_n + len(self.events) - 1


class SpoolReader:
    """Reads on from `place`, which only moves when it is told that something has arrived.

    `counted` is the last number that was stored, as far as is known, and the source that counted it; None where
    the spool has brought nothing yet.
    """

    def __init__(self, spool: Spool, place: Place) -> None:
        self._spool = spool
        self.place = place
        self.counted: tuple[int, str] | None = None

    def batch(self, max_bytes: int, max_events: int = BATCH_MAX_EVENTS) -> Batch | None:
        """What comes next, or None when there is nothing new. Leaves the place where it is.

        At most `max_bytes` of events, but always one. Nothing follows an event that ends the run.
        Raises OSError.
        """
        if self.place.ended:
            return None
        in_memory = self._spool.in_memory  # looked at first: what was written to the file before is read below
        part, offset, next_n, _, source = self.place
        data = self._spool.read(part, offset, max_bytes)
        if b"\n" not in data:
            data = self._spool.read(part, offset, RECORD_MAX_BYTES)
            data = data[: data.find(b"\n") + 1]
        lines = data.split(b"\n")[:-1]
        if not lines and in_memory and part != MEMORY_PART:
            return Batch(next_n, [], Place(MEMORY_PART, 0, next_n, source=source))
        events: list[bytes] = []
        ended = is_last = False
        for line in lines:
            if len(events) == max_events or is_last:
                break
            record = parse_record(line)
            kind = record["type"] if record is not None else None
            if kind == NEXT_TYPE and (following := self._spool.part_after(part)) is not None:
                return Batch(next_n, events, Place(following, 0, next_n + len(events), source=source))
            if record is not None and kind == SOURCE_TYPE:
                if events:
                    break
                first_n = first_n_of(record)
                counted = Place(part, offset + len(line) + 1, first_n or next_n, source=record["source"])
                return Batch(counted.next_n, [], counted, offset, first_n is not None)
            if record is not None and kind == PART_TYPE and (resumed := resume_of(record)) is not None:
                next_n, source = resumed
            offset += len(line) + 1
            if record is None:
                if line:
                    log(logging.WARNING, "A record cut short in the spool was passed over.")
                continue
            if kind == DROPPED_TYPE:
                line = line_of(dropped_as_event(record))[:-1]
            elif kind not in EVENT_TYPES:
                continue
            assert record is not None
            ended = kind in END_TYPES and not says_lost(record)
            is_last = kind in END_TYPES  # nothing follows an end in a batch, a provisional one included
            events.append(b'{"n":%d,' % (next_n + len(events)) + line[1:])
        if (part, offset) == self.place.position:
            return None
        return Batch(next_n, events, Place(part, offset, next_n + len(events), ended, source))

    def advance(self, batch: Batch) -> None:
        """Note that `batch` has arrived."""
        after = batch.after
        if after.part != self.place.part:
            self._spool.entered(after.part, after.next_n, after.source or self._spool.start["source"])
        self._spool.arrived(after.part, after.offset)
        self._pass(batch)

    def _pass(self, batch: Batch) -> None:
        if batch.events:
            self.counted = (batch.last_n, batch.after.source or self._spool.start["source"])
        self.place = batch.after

    def skip_what_has_arrived(self) -> None:
        """Go to where the last process began to count: it did so only once all before had arrived. Raises OSError."""
        before, place, counted = (self.place, self.counted), self.place, self.counted
        try:
            while (batch := self.batch(RECORD_MAX_BYTES)) is not None and batch.is_numbered:
                if batch.source_at is not None:
                    place, counted = batch.after, self.counted
                self._pass(batch)
        except OSError:
            place, counted = before  # nothing can be told of a part of it
            raise
        finally:
            self.place, self.counted = place, counted

    def mark_all_arrived(self) -> None:
        """Go to the end, or to where a process counts from a number that is not known yet. Raises OSError."""
        while (batch := self.batch(RECORD_MAX_BYTES)) is not None and batch.is_numbered:
            self._pass(batch)

    def has_events_behind(self, place: Place) -> bool:
        """Whether something is to be sent behind a place, of the process that counts there. Raises OSError."""
        here, counted = self.place, self.counted
        self.place = place
        try:
            while (batch := self.batch(RECORD_MAX_BYTES)) is not None and batch.source_at is None:
                if batch.events:
                    return True
                self.place = batch.after
            return False
        finally:
            self.place, self.counted = here, counted

    def rewind(self, n: int) -> bool:
        """Go back to event `n`; False where the spool has it no more. Raises OSError, and then stays where it is."""
        before, self.place = (self.place, self.counted), Place()
        try:
            while self.place.next_n < n:
                skipped = self.batch(RECORD_MAX_BYTES, min(BATCH_MAX_EVENTS, n - self.place.next_n))
                if skipped is None or not skipped.is_numbered:
                    return False
                self._pass(skipped)
        except OSError:
            self.place, self.counted = before
            raise
        return self.place.next_n == n
