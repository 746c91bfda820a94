"""Keeps reports in memory when no file can be written: a limited number of lines, lost with the process.

Forked processes pass theirs to the process that sends.
"""

import mmap
import socket
import threading
from collections import deque
from collections.abc import Iterator

from aegis_tracker.descriptors import OwnSocket

MEMORY_MAX_EVENTS = 10_000
MEMORY_MAX_BYTES = 32 * 1024 * 1024


_LINE_MAX_BYTES = 4 * 1024 * 1024


class ForkedLines:
    """Passes lines of forked processes to the original, in order. Created before any fork.

    `files_are_done` is shared by all of them, so that none goes on writing a file that is not read any more.
    """

    def __init__(self) -> None:
        self._shared: mmap.mmap | bytearray = bytearray(1)
        self._ends: tuple[OwnSocket, OwnSocket] | None = None
        try:
            self._shared = mmap.mmap(-1, 1)
            ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        except OSError:
            return  # no descriptors left: reports of forked processes are then dropped, and counted
        self._ends = OwnSocket(ends[0]), OwnSocket(ends[1])
        for end in ends:
            end.setblocking(False)

    @property
    def files_are_done(self) -> bool:
        """Whether one of the processes could not write its file."""
        return self._shared[0] != 0

    def end_files(self) -> None:
        """Tell all processes to write no more files."""
        self._shared[0] = 1

    def add(self, line: bytes, *, always: bool = False) -> bool:
        """Pass a line to the original. Returns False if its buffer is full. Never waits."""
        del always
        if self._ends is None or not self._ends[0].is_open:
            return False
        try:
            return self._ends[0].socket.send(line) == len(line)
        except OSError:
            return False

    def received(self) -> Iterator[bytes]:
        """In the original process: the lines that have arrived since the last call."""
        while self._ends is not None and self._ends[1].is_open:
            try:
                yield self._ends[1].socket.recv(_LINE_MAX_BYTES)
            except OSError:
                return

    def close(self) -> None:
        """Close this process's ends."""
        if self._ends is not None:
            for end in self._ends:
                end.close()
            self._ends = None


class SpoolMemory:
    """Lines at growing offsets. Lines that have arrived are removed. Safe in all threads and signal handlers."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._begin = 0
        self._end = 0
        self.lock = threading.RLock()

    @property
    def end(self) -> int:
        """The offset behind the last line."""
        return self._end

    def add(self, line: bytes, *, always: bool = False) -> bool:
        """Keep a line; False where there is no room for it. `always` is for the end of a run."""
        with self.lock:
            is_full = len(self._lines) >= MEMORY_MAX_EVENTS or self._end - self._begin + len(line) > MEMORY_MAX_BYTES
            if is_full and not always:
                return False
            self._lines.append(line)
            self._end += len(line)
            return True

    def read(self, offset: int, size: int) -> bytes:
        """Whole lines from `offset` on, at least one where there is one, else of at most `size` bytes."""
        with self.lock:
            found: list[bytes] = []
            at = self._begin
            for line in self._lines:
                if at >= offset:
                    size -= len(line)
                    if found and size < 0:
                        break
                    found.append(line)
                at += len(line)
            return b"".join(found)

    def write_at(self, offset: int, place: int, data: bytes) -> None:
        """Write in place, `place` bytes into the line that begins at `offset`."""
        with self.lock:
            at = self._begin
            for number, line in enumerate(self._lines):
                if at == offset:
                    self._lines[number] = line[:place] + data + line[place + len(data) :]
                    return
                at += len(line)

    def arrived(self, offset: int) -> None:
        """Remove the lines before `offset`."""
        with self.lock:
            while self._lines and self._begin + len(self._lines[0]) <= offset:
                self._begin += len(self._lines.popleft())
