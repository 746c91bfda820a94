"""Where reports wait once no file takes them: a bounded number of lines, gone with the process."""

import threading
from collections import deque

MEMORY_MAX_EVENTS = 10_000
MEMORY_MAX_BYTES = 32 * 1024 * 1024


class SpoolMemory:
    """Lines at offsets that only grow; what has arrived is let go. For all threads, and signal handlers."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._begin = 0
        self._end = 0
        self._lock = threading.RLock()

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

    def arrived(self, offset: int) -> None:
        """Let go of what lies before `offset`."""
        with self._lock:
            while self._lines and self._begin + len(self._lines[0]) <= offset:
                self._begin += len(self._lines.popleft())

    def process_forked(self) -> None:
        """The copy of a process begins with nothing: what waits is sent by the original."""
        self._lock = threading.RLock()
        self._lines.clear()
        self._begin = self._end
