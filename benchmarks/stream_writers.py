"""A writer in a process of its own: it records events as another process of the service would."""

import time
from collections.abc import Sequence
from itertools import count
from multiprocessing.connection import Connection
from uuid import UUID

from worker import answer_questions


class Writer:
    """What the process is asked for. `runs` take the entries in turn."""

    def __init__(self, runs: Sequence[UUID]) -> None:
        import django

        django.setup()
        from training_status.ingest import locked_run

        self._locked_run, self._announce = locked_run, locked_run.announce
        self._runs = [(run, count(1)) for run in runs]

    def write_steadily(self, entries: range, per_second: float) -> list[int]:
        """Write these entries, one to each run in turn, and return when each was committed (CLOCK_MONOTONIC, ns)."""
        committed = []
        begun = time.monotonic()
        for place, entry in enumerate(entries):
            time.sleep(max(0.0, begun + place / per_second - time.monotonic()))
            self._write(place, entry)
            committed.append(time.monotonic_ns())
        return committed

    def write_at_full_speed(self, begin: float, end: float, with_wake_ups: bool) -> int:
        """Write one entry after the other between these two moments, and return how many it were."""
        self._locked_run.announce = self._announce if with_wake_ups else lambda domain_id, run_id: None
        time.sleep(max(0.0, begin - time.monotonic()))
        written = 0
        while time.monotonic() < end:
            self._write(written, written)
            written += 1
        return written

    def _write(self, place: int, entry: int) -> None:
        from training_status.ingest.batch import Batch, LogEvent
        from training_status.ingest.events import record_events

        run, numbers = self._runs[place % len(self._runs)]
        event = LogEvent(n=next(numbers), level="INFO", message=f"entry {entry}")
        assert record_events(run, Batch(events=[event])).accepted == 1


def write(connection: Connection, runs: Sequence[UUID]) -> None:
    """The process's work."""
    answer_questions(connection, Writer(runs))
