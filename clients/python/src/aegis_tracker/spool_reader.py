"""Reads a spool in order, in batches the service takes, and remembers what has arrived."""

import logging
from dataclasses import dataclass
from typing import NamedTuple

from aegis_tracker.notices import log
from aegis_tracker.spool import END_TYPES, RECORD_MAX_BYTES, START_TYPE, Readable, parse_record

BATCH_MAX_EVENTS = 1000  # the contract's limit


@dataclass(frozen=True)
class Batch:
    """Events as they are sent: JSON texts numbered from `first_n`. `end_offset` is behind the last."""

    first_n: int
    events: list[bytes]
    end_offset: int
    ends_run: bool

    @property
    def last_n(self) -> int:
        """The number of the last event; one less than `first_n` in a batch without events."""
        return self.first_n + len(self.events) - 1


class Place(NamedTuple):
    """How far a spool has arrived: up to `offset`; the next event is `next_n`. One value, so that a
    process forked at any moment inherits a whole one."""

    offset: int = 0
    next_n: int = 1
    ended: bool = False


class SpoolReader:
    """Reads on from `place`, which only moves when it is told that something has arrived."""

    def __init__(self, spool: Readable, place: Place) -> None:
        self._spool = spool
        self.place = place

    def batch(self, max_bytes: int, max_events: int = BATCH_MAX_EVENTS) -> Batch | None:
        """What comes next, or None when there is nothing new. Leaves the place where it is.

        At most `max_bytes` of events, but always one. Nothing follows an event that ends the run.
        Raises OSError.
        """
        offset, next_n, ended = self.place
        if ended:
            return None
        data = self._spool.read(offset, max_bytes)
        if b"\n" not in data:
            data = self._spool.read(offset, RECORD_MAX_BYTES)
        events: list[bytes] = []
        ends_run = False
        for line in data.split(b"\n")[:-1]:
            if len(events) == max_events or ends_run:
                break
            offset += len(line) + 1
            record = parse_record(line)
            if record is None:
                if line:
                    log(logging.WARNING, "A record cut short in the spool was passed over.")
            elif record["type"] != START_TYPE:
                ends_run = record["type"] in END_TYPES
                events.append(b'{"n":%d,' % (next_n + len(events)) + line[1:])
        return None if offset == self.place.offset else Batch(next_n, events, offset, ends_run)

    def advance(self, batch: Batch) -> None:
        """Note that `batch` has arrived."""
        self.place = Place(batch.end_offset, batch.last_n + 1, batch.ends_run)

    def rewind(self, n: int) -> None:
        """Go back to event `n`, which was read before. Raises OSError."""
        self.place = Place()
        while self.place.next_n < n:
            skipped = self.batch(RECORD_MAX_BYTES, min(BATCH_MAX_EVENTS, n - self.place.next_n))
            if skipped is None:
                return
            self.advance(skipped)
