"""Counts the reports that had to be dropped until the spool can say so, and warns of them."""

from pathlib import Path
from typing import Any

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.spool_records import Record, dropped_record


class Losses:
    """Reports that were dropped and are not told yet. False if there are none."""

    def __init__(self, path: Path | None, max_bytes: int, diagnostics: Diagnostics) -> None:
        self._spool = f"The spool {path}" if path is not None else "A spool"
        self._max_bytes = max_bytes
        self._diagnostics = diagnostics
        self._counts: dict[Any, int] = {}  # by log level, else by type
        self._reason = ""

    def __bool__(self) -> bool:
        return bool(self._counts)

    def spool_is_full(self, record: Record) -> None:
        """Count a record for which there is no room within the limit of the spool."""
        self._count(record, "the spool was full")
        room = f"The spool (limit {self._max_bytes} bytes)"
        self._diagnostics.once("lost-limit", f"{room} is full. Reports are dropped, and counted.")

    def memory_is_full(self, record: Record) -> None:
        """Count a record for which there is neither room in a file nor in memory."""
        self._count(record, "no file could be written, and memory was full")
        self._diagnostics.once("lost-memory", "The memory for reports is full. Reports are dropped, and counted.")

    def forked_process_cannot_write(self, record: Record) -> None:
        """Count a record of a forked process, which has no memory for it."""
        self._count(record, "a forked process could not write the spool")
        self._diagnostics.once(
            "lost-forked", f"{self._spool} cannot be written. Reports of this forked process are dropped."
        )

    def record(self) -> Record:
        """The record that tells of them in the spool, with the last reason."""
        return dropped_record(dict(self._counts), self._reason)

    def clear(self) -> None:
        """They are told, or are those of another process."""
        self._counts.clear()

    def _count(self, record: Record, reason: str) -> None:
        kind = record.get("level", record["type"])
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self._reason = reason
