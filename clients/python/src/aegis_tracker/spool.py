"""The spool: append-only files with everything that a run reported, one JSON record per line.

The first record describes the run and its `source`. The others are events of the HTTP contract without their `n`:
**the number of an event is its position in the files**. So every sender sends the same numbers, however often it sends,
and forked processes can append. A line that is not a whole record, such as a torn write, is skipped and has no number.

Writers need no lock. A part ends at its `next` line: a writer that finds its record after such a line writes it again
into the following part.
"""

import errno
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any

from aegis_tracker.descriptors import OwnFile, identity
from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.file_locks import lock, unlock
from aegis_tracker.shared_flag import SharedFlag
from aegis_tracker.spool_descriptors import KeptDescriptors
from aegis_tracker.spool_files import (
    create,
    part_numbers,
    part_path,
    part_sizes,
    write_all,
    write_at,
    write_in_place,
)
from aegis_tracker.spool_memory import SpoolMemory
from aegis_tracker.spool_owner import owner_line, this_process
from aegis_tracker.spool_records import (
    END_TYPES,
    FIRST_N_AT,
    NEXT_LINE,
    RESUME_AT,
    Record,
    dropped_record,
    first_n_field,
    line_of,
    log_lines,
    parse_record,
    part_line,
    resume_field,
)
from aegis_tracker.spool_shedding import empty_head, shed

MEMORY_PART = 2**62  # behind every file

_PART_MAX_BYTES = 8 * 1024 * 1024  # shedding a part of this size takes a few hundredths of a second
_BLOCK_MAX_BYTES = 256 * 1024  # of lines that are written together
_CHECK_FILE_EVERY_S = 0.02  # too short to become a daemon, and to write as much to another file
_FIRST_FURTHER_PART = 2  # 1 is the rest of the first file after shedding
_LOOK_FOR_ROOM_EVERY_S = 0.05
_LOSABLE = frozenset({"log", "progress"})

_open_here: dict[Path, "Spool"] = {}


def spool_open_here(path: Path) -> "Spool | None":
    """The spool, if this process has it open, or inherited it open through a fork."""
    return _open_here.get(path)


class Spool:
    """The records of one run. `append` is called by one thread at a time, the other methods by any.

    `head` is the descriptor of the open and locked first file, None for a spool in memory.
    """

    def __init__(
        self, start: dict[str, Any], head: int | None, path: Path | None, diagnostics: Diagnostics, max_bytes: int
    ) -> None:
        self.start = start
        self.path = path  # None: in memory only
        self.ended = False  # whether an earlier process reported the end of the run
        self.declared_lost = False  # whether a sender declared the run lost
        self.handed_over = False  # whether an earlier process stopped reporting without an end
        self.all_arrived = False  # whether a sender noted that everything has arrived
        self.recovered = False  # whether an earlier process created it
        self.is_joining = False  # whether other processes, on other machines, may have reported the run
        self.is_finished = False  # whether nothing more will be reported
        self._head = head
        self._head_id = None if head is None else identity(head)
        self._owner_at: int | None = None  # where the first file names its process
        self._is_owner = False  # whether it names this one
        self._owner_line_at_close = owner_line(None)
        self._is_closed = False
        self._diagnostics = diagnostics
        self._memory = SpoolMemory() if head is None else None
        self._files_are_done = SharedFlag()  # the process that sends reads no more from the files
        if head is None:
            self._files_are_done.set()
        self._is_forked = False
        self._has_own_descriptor = True  # else it shares its place in the file with the process that forked it
        self._inherited_memory: SpoolMemory | None = None
        self._max_bytes = max_bytes
        self._part_max_bytes = min(_PART_MAX_BYTES, self._max_bytes // 16)
        self._block_max_bytes = min(_BLOCK_MAX_BYTES, self._part_max_bytes)
        self._part = 0
        self._file = -1 if head is None else head
        self._file_id = self._head_id
        self._size = 0  # of the part, as far as this process knows
        self._may_shed = True  # only the process that sends knows which parts were not read
        self._check_after = 0.0  # monotonic
        self._lost: dict[str, int] = {}  # by kind, not reported yet
        self._lost_because = ""
        self._is_full = False
        self._looked_for_room_at = 0.0  # monotonic
        self._files = threading.RLock()  # which files there are, as seen by this process; guards those below
        self._kept = KeptDescriptors()
        self._was_forked = False  # the original may have added or shed parts since
        self._read_part = -1  # the furthest that was read, so that it may have been sent
        self._entered: tuple[int, int, str] = (0, 1, "")  # the part that is being sent, its first n, who counts
        self._shed_tiers: dict[int, int] = {}  # how thoroughly, by part
        if path is not None:
            _open_here[path] = self

    # Writing

    def append(self, record: dict[str, Any]) -> None:
        """Add one record. If no file can be written, it is kept in memory, up to a limit.

        If the spool is full, log entries and progress are dropped and counted.
        """
        kind = record["type"]
        if kind in _LOSABLE and self._memory is None and self._is_full and not self._has_room_again():
            self._lose_to_limit(record)
            return
        if self._lost and not (self._is_full and kind in _LOSABLE):
            self._report_losses(always=kind in END_TYPES)
        if not self._append_line(line_of(record), always=kind in END_TYPES):
            self._lose(record)

    def append_logs(self, level: str, messages: Sequence[str]) -> None:
        """`append` of log entries of this moment, with one write for as many of them as possible.

        All of them are in the file when it returns, as with `append`.
        """
        lines = log_lines(level, messages)
        while lines:
            if self._memory is not None or self._is_full or self._lost or self._files_are_done.is_set:
                for line in lines:
                    self.append(json.loads(line))
                return
            count = 1 if len(lines) == 1 else self._fitting_together(lines)
            # As somebody else wrote as well, or there is no room, some may be left: one by one that can be told.
            for line in self._write_together(lines[:count]):
                if not self._append_line(line):
                    self._lose(json.loads(line))
            lines = lines[count:]

    def _fitting_together(self, lines: list[bytes]) -> int:
        """How many lines are written at once; one at least."""
        sizes = accumulate(map(len, lines))
        return max(1, sum(1 for _ in takewhile(lambda size: size <= self._block_max_bytes, sizes)))

    def _write_together(self, lines: list[bytes]) -> list[bytes]:
        """Write lines at once. Those that do not stand in the file as lines of their own."""
        block = lines[0] if len(lines) == 1 else b"".join(lines)
        try:
            self._check_file()
            written = os.write(self._file, block)
        except OSError:
            return lines
        if written < len(block):
            return lines[block.count(b"\n", 0, written) :]
        before, self._size = self._size, os.lseek(self._file, 0, os.SEEK_CUR)
        if self._size != before + written:
            others = self._others_since(before, self._size - written)
            if NEXT_LINE in others:
                self._size = before  # so that `_write` finds that line as well, and goes on behind it
                return lines
            if others and not others.endswith(b"\n"):
                return lines[:1]
        if self._size >= self._part_max_bytes:
            self._go_on_in_next_part()
        return []

    def _check_file(self) -> None:
        """As `_recover_files`, for many writes in a row: in between, the place in the file tells it from another.

        A file asked for its identity is slower to write to, as its time must be exact then. Raises OSError.
        """
        now = time.monotonic()
        if now >= self._check_after or os.lseek(self._file, 0, os.SEEK_CUR) != self._size:
            self._prepare_to_write()
            self._check_after = now + _CHECK_FILE_EVERY_S

    def _others_since(self, before: int, begin: int) -> bytes:
        """What others have written from `before` on, up to our own at `begin`; all of the part, where it was made
        smaller."""
        others = os.pread(self._file, begin - before, before) if begin > before else b""
        if len(others) < begin - before or begin < before:
            others = os.pread(self._file, self._size, 0)
        return others

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
        before = os.fstat(self._file)
        self.append_line(line)
        os.utime(self._file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def _append_line(self, line: bytes, *, always: bool = False) -> bool:
        if self._memory is None and not (self._is_forked and self._files_are_done.is_set):
            try:
                self._write(line)
            except OSError as error:
                if not self._is_forked:
                    self._go_on_in_memory(str(error))
            else:
                if self._size >= self._part_max_bytes:
                    self._go_on_in_next_part()
                return True
        return self._memory is not None and self._memory.add(line, always=always)

    def _write(self, line: bytes) -> None:
        self._prepare_to_write()
        while True:
            write_all(self._file, line)
            end = os.lseek(self._file, 0, os.SEEK_CUR)
            before, self._size = self._size, end
            begin = end - len(line)
            if begin == before:
                break
            others = self._others_since(before, begin)  # other processes wrote meanwhile, or removed this part
            if NEXT_LINE in others:
                self._open_last_part()
            elif not others or others.endswith(b"\n"):
                break  # otherwise it follows a torn line, and is written again

    def _prepare_to_write(self) -> None:
        if not self._has_own_descriptor and self.path is not None:
            self._reopen(self.path)
        self._recover_files()

    def _go_on_in_next_part(self) -> None:
        """Start the next part. If that fails, this part grows, and the next record tries again."""
        assert self.path is not None
        try:
            self._begin_next_part(self.path)
        except OSError as error:
            self._diagnostics.once("part", f"The spool {self.path} cannot add another file yet: {error}.")

    def _begin_next_part(self, path: Path) -> None:
        number = self._part + 1 if self._part else _FIRST_FURTHER_PART
        content = part_line(number, number, self.start["source"])
        try:
            file = create(part_path(path, number), content)
        except FileExistsError:
            file = -1  # by another process, or by one that ended before it could close this part
        write_all(self._file, NEXT_LINE)
        if file < 0:
            self._open_last_part()
        else:
            self._use_part(number, file, len(content))
            self.keep_limit()

    def _open_last_part(self) -> None:
        assert self.path is not None
        number = max(part_numbers(self.path), default=0)
        if number <= self._part:
            raise FileNotFoundError("it was removed")
        self._use_part(number, os.open(part_path(self.path, number), os.O_RDWR | os.O_APPEND), 0)
        self.keep_limit()

    def _use_part(self, number: int, file: int, size: int) -> None:
        with self._files:
            part, before, was = self._part, self._file, self._file_id
            self._part, self._file, self._size = number, file, size
            self._file_id = identity(file)
            if before in (self._head, file) or before == -1:
                return
            if identity(before) != was:
                return  # the training has closed it, and the number may be of its own file
            if self._is_forked:
                os.close(before)  # the original reads
            else:
                self._kept.keep(part, OwnFile(before))

    def _go_on_in_memory(self, reason: str) -> None:
        """The files are read to their end then, and no more: forked processes must not write to them either."""
        self._files_are_done.set()
        self._memory = SpoolMemory()
        self._diagnostics.once(
            "spool", f"The spool {self.path} cannot be written ({reason}). Reports are kept in memory."
        )

    # Keeping the limit

    def keep_limit(self) -> None:
        """If the files are larger than the limit, remove parts that have arrived and shed entries of the others.

        Forked processes only check whether there is room: the process that sends does the rest.
        """
        if self.path is None:
            return
        try:
            with self._files:
                self._make_room(self.path)
        except OSError as error:
            self._diagnostics.once("limit", f"The spool {self.path} cannot be reduced to its limit: {error}.")

    def _make_room(self, path: Path) -> None:
        sizes = part_sizes(path)
        # Two parts remain, for what is written until somebody looks here again.
        too_much = sum(sizes.values()) - (self._max_bytes - 2 * self._part_max_bytes)
        if too_much > 0 and self._may_shed:
            too_much -= self._remove_arrived(sizes)
        if too_much > 0 and self._may_shed:
            closed = [number for number in sizes if self._read_part < number < max(sizes)]
            too_much -= shed(
                path,
                self.start["source"],
                closed,
                too_much + 2 * self._part_max_bytes,
                self._shed_tiers,
                reason=f"the spool had reached its limit of {self._max_bytes} bytes",
            )
            self._kept.close_nameless()
        self._is_full = too_much > self._part_max_bytes

    def _remove_arrived(self, sizes: dict[int, int]) -> int:
        """Remove parts that the service has acknowledged. The bytes freed."""
        assert self.path is not None
        sent_part, next_n, source = self._entered
        if not 0 < sent_part < MEMORY_PART:
            return 0
        write_at(part_path(self.path, sent_part), RESUME_AT, resume_field(next_n, source))
        freed = 0
        for number in [number for number in sizes if number < sent_part]:
            if number == 0:
                freed += empty_head(self.path)
            else:
                part_path(self.path, number).unlink(missing_ok=True)
                freed += sizes[number]
        return freed

    def _has_room_again(self) -> bool:
        now = time.monotonic()
        if now - self._looked_for_room_at >= _LOOK_FOR_ROOM_EVERY_S:
            self._looked_for_room_at = now
            self.keep_limit()
            if self._is_full and self._lost:
                self._report_losses()
        return not self._is_full

    def _lose(self, record: dict[str, Any]) -> None:
        """Count a record for which there is neither room in a file nor in memory."""
        if not self._is_forked:
            self._count_lost(record, "no file could be written, and memory was full")
            self._diagnostics.once("lost-memory", "The memory for reports is full. Reports are dropped, and counted.")
        else:
            self._count_lost(record, "a forked process could not write the spool")
            where = f"The spool {self.path} cannot be written" if self.path else "There is no spool"
            self._diagnostics.once("lost-forked", f"{where}. Reports of this forked process are dropped.")

    def _lose_to_limit(self, record: dict[str, Any]) -> None:
        self._count_lost(record, "the spool was full")
        room = f"The spool (limit {self._max_bytes} bytes)"
        self._diagnostics.once("lost-limit", f"{room} is full. Reports are dropped, and counted.")

    def _count_lost(self, record: dict[str, Any], reason: str) -> None:
        kind = record.get("level", record["type"])
        self._lost[kind] = self._lost.get(kind, 0) + 1
        self._lost_because = reason

    def _report_losses(self, *, always: bool = False) -> None:
        record = dropped_record(dict(self._lost), self._lost_because)
        if self._append_line(line_of(record), always=always):
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
        if self.path is None:
            return b""
        with self._files:
            self._read_part = max(self._read_part, part)
            return os.pread(self._descriptor(self.path, part), size, offset)

    def _recover_files(self) -> None:
        """Reopen files that the training has closed by their descriptor numbers, such as a daemon does.

        The numbers may belong to files of the training now. Raises OSError.
        """
        if self.path is None or self._is_closed:
            return
        if identity(self._file) == self._file_id:
            return
        with self._files:
            if identity(self._head) != self._head_id:
                self._head = self._opened_again(self.path, self._head_id)
                with suppress(OSError):
                    lock(self._head)
            if self._file_id == self._head_id and self._head is not None:
                self._file = self._head
            else:
                self._file = self._opened_again(part_path(self.path, self._part), self._file_id)

    def _opened_again(self, path: Path, wanted: object) -> int:
        file = os.open(path, os.O_RDWR | os.O_APPEND)
        if identity(file) != wanted:
            os.close(file)
            raise FileNotFoundError(errno.ENOENT, "the file was closed, and has been removed", str(path))
        return file

    def _descriptor(self, path: Path, part: int) -> int:
        self._recover_files()
        if part == 0 and self._head is not None:
            return self._head  # which always keeps its file
        own = OwnFile(self._file) if part == self._part else None
        return self._kept.of(path, part, own, may_differ=part in self._shed_tiers or self._was_forked)

    def part_after(self, part: int) -> int | None:
        """The number of the part that follows `part`, which ends with a `next` line. Raises OSError."""
        if self.path is None:
            return None
        with self._files:
            through = part
            if part:
                record = parse_record(self.read(part, 0, 1000).partition(b"\n")[0])
                through = record.get("through", part) if record else part
            if self._has_open_after(through):
                return through + 1 if through else _FIRST_FURTHER_PART
            following = next((number for number in part_numbers(self.path) if number > through), None)
            if following is None and not self.recovered and not self._was_forked:
                raise FileNotFoundError(errno.ENOENT, "the next part is missing", str(self.path))
            return following

    def _has_open_after(self, through: int) -> bool:
        """Whether the file that follows is open, and no other part can be between."""
        if self._was_forked or self._shed_tiers or (self.recovered and not through):
            return False
        number = through + 1 if through else _FIRST_FURTHER_PART
        return number == self._part or number in self._kept

    def entered(self, part: int, next_n: int, source: str) -> None:
        """Note that everything before `part` has arrived, and how its events are numbered."""
        with self._files:
            self._entered = (part, next_n, source)
            self._kept.close_before(part)

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
        memory = self._memory
        if memory is not None:
            return MEMORY_PART, memory.end
        with self._files:
            try:
                return self._part, os.fstat(self._file).st_size
            except OSError:
                return self._part, self._size

    # Creating, adopting and closing the files

    def created(self, size: int, owner_at: int) -> None:
        """Note that this process created the first file with `size` bytes, and is named as its owner."""
        self._size, self._owner_at, self._is_owner = size, owner_at, True

    def resume_at_end(self, part: int, file: int) -> None:
        """Append to the last part of a process that has ended. Its records may have been sent."""
        self._use_part(part, file, os.fstat(file).st_size)
        self._read_part = part
        self.recovered = True

    def owner_is_named_at(self, offset: int) -> None:
        """Note the offset of the `owner` line in the first file."""
        self._owner_at = offset

    def claim(self, *, to_send: bool = False) -> None:
        """Name this process as the owner. With `to_send` it only sends an orphaned spool. Raises OSError."""
        if self._head is not None and self.path is not None and self._owner_at is not None:
            line = owner_line(replace(this_process(), sends=to_send))
            before = os.fstat(self._head)
            if to_send:
                self._owner_line_at_close = os.pread(self._head, len(line), self._owner_at)
            self._is_owner = write_in_place(self._head, self.path, self._owner_at, line)
            if to_send:
                os.utime(self._head, ns=(before.st_atime_ns, before.st_mtime_ns))

    def process_forked(self) -> None:
        """In a forked process: append through a new descriptor, and do nothing else with the files.

        It has no memory for reports: those for which there is no room in a file are dropped and counted.
        """
        self._is_owner = False
        self._files = threading.RLock()
        self._kept.close()
        self._was_forked = True
        self._may_shed = False
        self._lost = {}
        self._is_forked = True
        self._has_own_descriptor = False
        if self._memory is not None:
            self._inherited_memory, self._memory = self._memory.inherited(), None

    def _reopen(self, path: Path) -> None:
        file = os.open(part_path(path, self._part), os.O_RDWR | os.O_APPEND)
        if identity(file) != self._file_id:  # the part was replaced by shedding
            os.close(file)
            self._open_last_part()
        else:
            self._use_part(self._part, file, 0)
        self._has_own_descriptor = True

    def take_over_sending(self) -> None:
        """Send from now on, instead of another process. How far that one got is not known."""
        with self._files:
            self._may_shed = True
            self._is_forked = False
            self._read_part = self._part
            if self._files_are_done.is_set:
                self._memory = self._inherited_memory or SpoolMemory()
        with suppress(OSError):  # it has the lock anyway
            self.claim()

    def remove(self) -> None:
        """Delete the files, after everything has arrived. Raises OSError."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)  # first: parts without it are ignored
            with suppress(FileNotFoundError):  # the folder is gone as well
                for number in part_numbers(self.path):
                    part_path(self.path, number).unlink(missing_ok=True)

    def records_of(self, kind: str) -> Iterator[Record]:
        """All records of one type. Raises OSError."""
        assert self.path is not None
        for number in [0, *part_numbers(self.path)]:
            with part_path(self.path, number).open("rb") as file:
                for line in file:
                    if line.startswith(b'{"type":"%s"' % kind.encode()) and (record := parse_record(line)):
                        yield record

    def let_go_after_fork(self) -> None:
        """In a forked process: close the inherited files. The original keeps the lock."""
        self._files = threading.RLock()
        self.close()

    def written_at(self) -> float:
        """When the spool was last written, in seconds since 1970. Raises OSError."""
        return os.fstat(self._file).st_mtime

    def close(self, *, unlock_first: bool = False) -> None:
        """Close the files and release the lock. With `unlock_first` it is released even if forked processes have it.

        The first file then names no owner; after a sender, the owner from before. A second call does nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        with self._files:
            self._kept.close()
            head, self._head, file, self._file = self._head, None, self._file, -1
        if head is not None and self.path is not None:
            _open_here.pop(self.path, None)
            if self._is_owner and identity(head) == self._head_id:
                self._give_back(head, self.path)
            if identity(head) == self._head_id:
                if unlock_first:
                    unlock(head)
                os.close(head)
            if file != head and identity(file) == self._file_id:
                os.close(file)

    def _give_back(self, head: int, path: Path) -> None:
        """Name no owner; after a sender, the owner from before."""
        try:
            before = os.fstat(head)
            write_in_place(head, path, self._owner_at or 0, self._owner_line_at_close)
            os.utime(head, ns=(before.st_atime_ns, before.st_mtime_ns))
        except OSError:
            return  # removed, as all of it has arrived
