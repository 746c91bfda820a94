"""Keeps reports in memory when no file can be written: a limited number of lines, lost with the process."""

import threading
from collections import deque

MEMORY_PART = 2**62  # the number of the part in memory, after that of every file
MEMORY_MAX_EVENTS = 10_000
MEMORY_MAX_BYTES = 32 * 1024 * 1024


class SpoolMemory:
    """Lines at growing offsets. Lines that have arrived are removed. Safe in all threads and signal handlers."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._begin = self._end = 0
        self._lock = threading.RLock()

    def inherited(self) -> "SpoolMemory":
        """In a forked process: the lines of the original, without the lock, which one of its threads may have."""
        copy = SpoolMemory()
        copy._lines.extend(self._lines)
        copy._end = self._end
        copy._begin = self._end - sum(map(len, self._lines))
        return copy

    @property
    def end(self) -> int:
        """The offset behind the last line."""
        return self._end

    def add(self, line: bytes, *, always: bool = False) -> bool:
        """Keep a line; False where there is no room for it. `always` is for the end of a run."""
        with self._lock:
            is_full = len(self._lines) >= MEMORY_MAX_EVENTS or self._end - self._begin + len(line) > MEMORY_MAX_BYTES
            if is_full and not always:
                return False
            self._lines.append(line)
            self._end += len(line)
            return True

    def read(self, offset: int, size: int) -> bytes:
        """Whole lines from `offset` on, at least one where there is one, else of at most `size` bytes."""
        with self._lock:
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
        with self._lock:
            at = self._begin
            for number, line in enumerate(self._lines):
                if at == offset:
                    self._lines[number] = line[:place] + data + line[place + len(data) :]
                    return
                at += len(line)

    def arrived(self, offset: int) -> None:
        """Remove the lines before `offset`."""
        with self._lock:
            while self._lines and self._begin + len(self._lines[0]) <= offset:
                self._begin += len(self._lines.popleft())
