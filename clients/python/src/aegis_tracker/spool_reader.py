"""Reads a spool in order, in batches the service takes, and remembers what has arrived."""

import logging
from dataclasses import dataclass
from typing import NamedTuple

from aegis_tracker.notices import log
from aegis_tracker.spool import MEMORY_PART, Spool
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

    Where `new_source_at` is given there are none: from that offset on another process counts, from a number
    that the service has to be asked for.
    """

    first_n: int
    events: list[bytes]
    after: Place
    new_source_at: int | None = None

    @property
    def last_n(self) -> int:
        """The number of the last event; one less than `first_n` in a batch without events."""
        return self.first_n + len(self.events) - 1


class SpoolReader:
    """Reads on from `place`, which only moves when it is told that something has arrived."""

    def __init__(self, spool: Spool, place: Place) -> None:
        self._spool = spool
        self.place = place

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
        ended = False
        for line in lines:
            if len(events) == max_events or ended:
                break
            record = parse_record(line)
            kind = record["type"] if record is not None else None
            if kind == NEXT_TYPE and (following := self._spool.part_after(part)) is not None:
                return Batch(next_n, events, Place(following, 0, next_n + len(events), source=source))
            if record is not None and kind == SOURCE_TYPE:
                if events:
                    break
                counted = Place(part, offset + len(line) + 1, first_n_of(record) or next_n, source=record["source"])
                return Batch(counted.next_n, [], counted, None if first_n_of(record) else offset)
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
            ended = kind in END_TYPES
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
        self.place = after

    def skip_what_has_arrived(self) -> None:
        """Go to where the last process began to count: it did so only once all before had arrived. Raises OSError."""
        before = counted = self.place
        try:
            while (batch := self.batch(RECORD_MAX_BYTES)) is not None:
                self.place = batch.after
                if batch.new_source_at is not None:
                    break
                if not batch.events and batch.after.source != counted.source:
                    counted = batch.after
        except OSError:
            counted = before  # nothing can be told of a part of it
            raise
        finally:
            self.place = counted

    def rewind(self, n: int) -> bool:
        """Go back to event `n`; False where the spool has it no more. Raises OSError, and then stays where it is."""
        before, self.place = self.place, Place()
        try:
            while self.place.next_n < n:
                skipped = self.batch(RECORD_MAX_BYTES, min(BATCH_MAX_EVENTS, n - self.place.next_n))
                if skipped is None or skipped.new_source_at is not None:
                    return False
                self.place = skipped.after
        except OSError:
            self.place = before
            raise
        return self.place.next_n == n
