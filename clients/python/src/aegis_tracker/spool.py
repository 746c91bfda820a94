"""The append-only file that holds everything a run reported, one JSON record per line.

The first record says how to start the run and who counts (`source`); every later one is an event as
the contract has it, without its `n`: **the number of an event is its place in the file**. So whoever
sends the file, and however often, sends the same numbers, and processes forked from the training can
append to it. A line that is not a whole record (a write cut short) is passed over and has no number.

A lock on the file says that its training is alive; it ends with the last process that has it open.
"""

import errno
import fcntl
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Protocol

from aegis_tracker.contract_values import to_json
from aegis_tracker.notices import Notices

SPOOL_SUFFIX = ".jsonl"
START_TYPE = "start"
END_TYPES = frozenset({"complete", "fail"})
RECORD_MAX_BYTES = 4 * 1024 * 1024  # more than the contract's bounds let any record have


class Readable(Protocol):
    """What records are read from."""

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; empty at the end. Raises OSError."""


class Spool:
    """One run's records. `append` from one thread at a time; `read` from any."""

    def __init__(self, start: dict[str, Any], file: int, path: Path | None, notices: Notices) -> None:
        self.start = start
        self.path = path  # None: in memory only
        self.ended = False  # whether an earlier process already recorded the end of the run
        self._file = file
        self._notices = notices
        self._memory: int | None = None  # where records go once the file takes no more
        self._memory_from = 0
        self._torn = False  # whether the last write was cut short, so that the next begins a line

    def append(self, record: dict[str, Any]) -> None:
        """Add one record. Once the file cannot be written, records are kept in memory instead.

        Raises OSError when there is no memory either.
        """
        self._append_line(to_json(record).encode() + b"\n")

    def _append_line(self, line: bytes) -> None:
        if self._memory is not None:
            self._write(self._memory, line)
            return
        try:
            self._write(self._file, line)
        except OSError as error:
            self._go_on_in_memory(str(error))
            self._append_line(line)

    def _write(self, file: int, line: bytes) -> None:
        whole = b"\n" + line if self._torn else line
        written = os.write(file, whole)
        self._torn = written < len(whole)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`, across file and memory. Raises OSError."""
        memory = self._memory
        if memory is None:
            return os.pread(self._file, size, offset)
        from_file = b""
        if offset < self._memory_from:
            from_file = os.pread(self._file, min(size, self._memory_from - offset), offset)
            offset += len(from_file)
        return from_file + os.pread(memory, size - len(from_file), offset - self._memory_from)

    def end(self) -> int:
        """The offset behind the last record. Raises OSError."""
        memory = self._memory
        if memory is None:
            return os.fstat(self._file).st_size
        return self._memory_from + os.fstat(memory).st_size

    def remove(self) -> None:
        """Delete the file: everything in it has arrived. Raises OSError."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file and of its lock."""
        os.close(self._file)
        if self._memory is not None:
            os.close(self._memory)

    def _go_on_in_memory(self, reason: str) -> None:
        memory = _memory_file()
        self._memory_from = os.fstat(self._file).st_size
        self._memory = memory
        self._notices.once("spool", f"The spool {self.path} cannot be written ({reason}); reports go on from memory.")


def open_spool(directory: Path, start: dict[str, Any], notices: Notices) -> Spool:
    """The spool for the run that `start` describes, with `start` as its first record.

    What an earlier process left of the same run is continued, under its `source`. While another live
    process has it, this one gets a file of its own, and the service decides who may count.
    Where no file can be written the spool is in memory, and that is said.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / f"{start['id']}{SPOOL_SUFFIX}"
        try:
            return _new(path, start, notices)
        except FileExistsError:
            left = _continued(path, start, notices)
            own = directory / f"{start['id']}.{start['source']}{SPOOL_SUFFIX}"
            return left or _new(own, start, notices)
    except (OSError, ValueError) as error:
        notices.once("spool", f"No spool can be kept in {directory} ({error}); reports go on from memory.")
        return memory_spool(start, notices)


def memory_spool(start: dict[str, Any], notices: Notices) -> Spool:
    """A spool that ends with its processes, for where no file can be written."""
    spool = Spool(start, _memory_file(), None, notices)
    spool.append(start)
    return spool


def parse_record(line: bytes) -> dict[str, Any] | None:
    """The record on a line, or None where the line is not a whole one."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("type"), str) else None


def _new(path: Path, start: dict[str, Any], notices: Notices) -> Spool:
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
    _lock(file)
    spool = Spool(start, file, path, notices)
    spool.append(start)
    return spool


def _continued(path: Path, start: dict[str, Any], notices: Notices) -> Spool | None:
    """The spool that an ended process left, ready to append; None when it is not ours to continue."""
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND)
    except OSError:
        return None  # somebody else's, or removed meanwhile: a file of one's own serves as well
    if _lock(file) and os.fstat(file).st_nlink > 0:
        spool = Spool(start, file, path, notices)
        first = parse_record(spool.read(0, RECORD_MAX_BYTES).partition(b"\n")[0])
        if first and first["type"] == START_TYPE and _same_run(first, start):
            spool.start = first
            *_, last, rest = spool.read(max(0, spool.end() - RECORD_MAX_BYTES), RECORD_MAX_BYTES).split(b"\n")
            if rest:
                spool._append_line(b"\n")  # a write cut short: the next record begins its own line
            spool.ended = (parse_record(rest or last) or first)["type"] in END_TYPES
            return spool
    os.close(file)
    return None


def _same_run(first: dict[str, Any], start: dict[str, Any]) -> bool:
    return all(first.get(key) == start[key] for key in ("id", "domain")) and isinstance(first.get("source"), str)


def _lock(file: int) -> bool:
    """Whether no other process has the spool. Where files cannot be locked the answer is yes."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _memory_file() -> int:
    """A file without a name; unlike a list it is shared with forked processes. Raises OSError."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("aegis-tracker")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
