"""The spool: append-only files with everything that a run reported, one JSON record per line.

The first record describes the run and its `source`. The others are events of the HTTP contract without their `n`:
**the number of an event is its position in the files**. So every sender sends the same numbers, however often it sends,
and forked processes can append. A line that is not a whole record, such as a torn write, is skipped and has no number.

`SpoolParts` has the open files, `SpoolWriter` appends to them, `SpoolLimit` makes room in them, `SpoolClaim` names the
process that has them. `SpoolMemory` takes reports when no file can be written.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.finding_records import FINDING_TYPES, without_details
from aegis_tracker.shared_flag import SharedFlag
from aegis_tracker.spool_claim import SpoolClaim
from aegis_tracker.spool_files import part_path, remove_files, write_at
from aegis_tracker.spool_limit import SpoolLimit
from aegis_tracker.spool_losses import Losses
from aegis_tracker.spool_memory import MEMORY_PART, SpoolMemory
from aegis_tracker.spool_parts import SpoolParts
from aegis_tracker.spool_records import END_TYPES, FIRST_N_AT, Record, first_n_field, line_of, log_lines
from aegis_tracker.spool_writer import SpoolWriter

_LOSABLE = frozenset({"log", "progress"})
_GIVE_WAY = _LOSABLE | FINDING_TYPES

_open_here: dict[Path, "Spool"] = {}


def spool_open_here(path: Path) -> "Spool | None":
    """The spool, if this process has it open, or inherited it open through a fork."""
    return _open_here.get(path)


class Spool:
    """The records of one run. `append` is called by one thread at a time, the other methods by any."""

    def __init__(
        self,
        start: dict[str, Any],
        diagnostics: Diagnostics,
        max_bytes: int,
        parts: SpoolParts | None = None,
        claim: SpoolClaim | None = None,
    ) -> None:
        """`start` is the first record. Without `parts`, whose first file is locked, the spool is in memory."""
        self.start = start
        self.path = parts.path if parts is not None else None
        self.ended = False  # whether an earlier process reported the end of the run
        self.declared_lost = False  # whether a sender declared the run lost
        self.handed_over = False  # whether an earlier process stopped reporting without an end
        self.all_arrived = False  # whether a sender noted that everything has arrived
        self.is_joining = False  # whether other processes, on other machines, may have reported the run
        self.is_finished = False  # whether nothing more will be reported
        self._diagnostics = diagnostics
        self._parts = parts
        self._claim = claim
        self._memory = SpoolMemory() if parts is None else None
        self._inherited_memory: SpoolMemory | None = None
        self._files_are_done = SharedFlag()  # the process that sends reads no more from the files
        self._is_forked = False
        self._is_closed = False
        self._lost = Losses(self.path, max_bytes, diagnostics)
        self._limit: SpoolLimit | None = None
        if parts is None:
            self._files_are_done.set()
        else:
            self._limit = SpoolLimit(parts, max_bytes, diagnostics)
            self._writer = SpoolWriter(parts, self._limit.part_max_bytes, diagnostics, self._limit.keep)
            _open_here[parts.path] = self

    @property
    def recovered(self) -> bool:
        """Whether an earlier process created it."""
        return self._parts is not None and self._parts.is_recovered

    # Writing

    def append(self, record: dict[str, Any]) -> None:
        """Add one record. If no file can be written, it is kept in memory, up to a limit.

        If the spool is full, log entries and progress are dropped and counted, and of candidates and evaluations only
        the details are left out.
        """
        is_end = record["type"] in END_TYPES
        if self._limit is not None and self._limit.is_full and record["type"] in _GIVE_WAY and self._is_full():
            if record["type"] in _LOSABLE:
                self._lost.spool_is_full(record)
                return
            record = without_details(record)
        if self._lost:
            self._report_losses(always=is_end)
        if self._append_line(line_of(record), always=is_end):
            return
        if record["type"] not in FINDING_TYPES or not self._append_line(line_of(without_details(record))):
            self._lose(record)

    def append_logs(self, level: str, messages: Sequence[str]) -> None:
        """`append` of log entries of this moment, with one write for as many of them as possible.

        All of them are in the file when it returns, as with `append`.
        """
        lines = log_lines(level, messages)
        while lines:
            if (
                self._memory is not None
                or self._lost
                or self._files_are_done.is_set
                or self._limit is None
                or self._limit.is_full
            ):
                for line in lines:
                    self.append(json.loads(line))
                return
            count = self._writer.count_together(lines)
            # As somebody else wrote as well, or there is no room, some may be left: one by one that can be told.
            for line in self._writer.write_together(lines[:count]):
                if not self._append_line(line):
                    self._lose(json.loads(line))
            lines = lines[count:]

    def append_line(self, line: bytes) -> None:
        """Add a line that is not an event. It is dropped if no file can be written."""
        if self._memory is None:
            self._append_line(line)

    def append_to_memory(self, line: bytes) -> None:
        """Add a line that is not an event to a spool in memory."""
        assert self._memory is not None
        self._memory.add(line, always=True)

    def annotate(self, record: Record) -> None:
        """Add a record of a sender. The file keeps its modification time: when the training last wrote."""
        self.annotate_line(line_of(record))

    def annotate_line(self, line: bytes) -> None:
        """The same for encoded lines."""
        assert self._parts is not None
        before = os.fstat(self._parts.last.number)
        self.append_line(line)
        os.utime(self._parts.last.number, ns=(before.st_atime_ns, before.st_mtime_ns))

    def _append_line(self, line: bytes, *, always: bool = False) -> bool:
        if self._memory is None and not (self._is_forked and self._files_are_done.is_set):
            try:
                self._writer.write(line)
                return True
            except OSError as error:
                if not self._is_forked:
                    self._go_on_in_memory(str(error))
        return self._memory is not None and self._memory.add(line, always=always)

    def _go_on_in_memory(self, reason: str) -> None:
        """The files are read to their end then, and no more: forked processes must not write to them either."""
        self._files_are_done.set()
        self._memory = SpoolMemory()
        self._diagnostics.once(
            "spool", f"The spool {self.path} cannot be written ({reason}). Reports are kept in memory."
        )

    # What is lost

    def keep_limit(self) -> None:
        """If the files are larger than the limit, remove parts that have arrived and shed entries of the others."""
        if self._limit is not None:
            self._limit.keep()

    def _is_full(self) -> bool:
        if self._memory is not None or self._limit is None:
            return False
        if self._limit.keep_if_due() and self._limit.is_full and self._lost:
            self._report_losses()
        return self._limit.is_full

    def _lose(self, record: dict[str, Any]) -> None:
        """Count a record for which there is neither room in a file nor in memory."""
        if self._is_forked:
            self._lost.forked_process_cannot_write(record)
        else:
            self._lost.memory_is_full(record)

    def _report_losses(self, *, always: bool = False) -> None:
        if self._append_line(line_of(self._lost.record()), always=always):
            self._lost.clear()

    # Reading

    @property
    def in_memory(self) -> bool:
        """Whether new reports are kept in memory, after those in the files."""
        return self._memory is not None

    def read(self, part: int, offset: int, size: int) -> bytes:
        """Up to `size` bytes of a part from `offset`. They may be sent, so they are not shed later. Raises OSError."""
        if part == MEMORY_PART:
            return self._memory.read(offset, size) if self._memory is not None else b""
        return self._parts.read(part, offset, size) if self._parts is not None else b""

    def part_after(self, part: int) -> int | None:
        """The number of the part that follows `part`, which ends with a `next` line. Raises OSError."""
        return self._parts.part_after(part) if self._parts is not None else None

    def entered(self, part: int, next_n: int, source: str) -> None:
        """Note that everything before `part` has arrived, and how its events are numbered."""
        if self._parts is not None and self._limit is not None:
            self._limit.entered(part, next_n, source)
            self._parts.close_before(part)

    def arrived(self, part: int, offset: int) -> None:
        """Note up to which offset the service has acknowledged."""
        if part == MEMORY_PART and self._memory is not None:
            self._memory.arrived(offset)

    def count_from(self, part: int, offset: int, first_n: int) -> None:
        """Write into the `source` line at `offset` the number of its first event. Raises OSError."""
        if part == MEMORY_PART and self._memory is not None:
            self._memory.write_at(offset, FIRST_N_AT, first_n_field(first_n))
            return
        assert self.path is not None
        write_at(part_path(self.path, part), offset + FIRST_N_AT, first_n_field(first_n))

    def end(self) -> tuple[int, int]:
        """The part and offset after the last record, including those of other processes."""
        if self._memory is not None or self._parts is None:
            return MEMORY_PART, self._memory.end if self._memory is not None else 0
        return self._parts.end()

    def written_at(self) -> float:
        """When the spool was last written, in seconds since 1970. Raises OSError."""
        assert self._parts is not None
        return os.fstat(self._parts.last.number).st_mtime

    # Adopting, forks and the end

    def resume_at_end(self, part: int, file: int) -> None:
        """Append to the last part of a process that has ended. Its records may have been sent."""
        assert self._parts is not None
        self._parts.resume_at_end(part, file)

    def claim(self, *, to_send: bool = False) -> None:
        """Name this process as the owner. With `to_send` it only sends an orphaned spool. Raises OSError."""
        if self._claim is not None:
            self._claim.take(to_send=to_send)

    def process_forked(self) -> None:
        """In a forked process: append through a new descriptor, and do nothing else with the files.

        It has no memory for reports: those for which there is no room in a file are dropped and counted.
        """
        self._is_forked = True
        self._lost.clear()
        if self._memory is not None:
            self._inherited_memory, self._memory = self._memory.inherited(), None
        if self._parts is not None and self._claim is not None and self._limit is not None:
            self._parts.process_forked()
            self._claim.process_forked()
            self._limit.may_make_room = False

    def take_over_sending(self) -> None:
        """Send from now on, instead of another process. How far that one got is not known."""
        self._is_forked = False
        if self._files_are_done.is_set:
            self._memory = self._inherited_memory or SpoolMemory()
        if self._parts is not None and self._limit is not None:
            self._parts.take_over_sending()
            self._limit.may_make_room = True
            with suppress(OSError):  # it has the lock anyway
                self.claim()

    def let_go_after_fork(self) -> None:
        """In a forked process: close the inherited files. The original keeps the lock."""
        self.process_forked()
        self.close()

    def remove(self) -> None:
        """Delete the files, after everything has arrived. Raises OSError."""
        if self.path is not None:
            remove_files(self.path)

    def close(self, *, unlock_first: bool = False) -> None:
        """Close the files and release the lock. With `unlock_first` it is released even if forked processes have it.

        The first file then names no owner; after a sender, the owner from before. A second call does nothing.
        """
        if self._is_closed or self._parts is None:
            return
        self._is_closed = True
        _open_here.pop(self._parts.path, None)
        if self._claim is not None:
            self._claim.give_back()
        self._parts.close(unlock_first=unlock_first)
