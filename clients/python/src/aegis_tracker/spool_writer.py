"""Appends lines to the last part of a spool, beside other processes that append to it.

Writers need no lock. Each line is written with one call in append mode, so it stands in the file as a whole. A part
ends at its `next` line: a writer that finds its line after one writes it again into the following part.
"""

import os
import time
from collections.abc import Callable
from itertools import accumulate, takewhile

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.spool_files import write_all
from aegis_tracker.spool_parts import SpoolParts
from aegis_tracker.spool_records import NEXT_LINE

_BLOCK_MAX_BYTES = 256 * 1024  # of lines that are written together
_CHECK_FILE_EVERY_S = 0.02  # too short to become a daemon, and to write as much to another file


class SpoolWriter:
    """Writes lines, and begins a new part when the last one is large. Used by one thread at a time.

    `on_new_part` is called for each part that this process begins or finds.
    """

    def __init__(
        self, parts: SpoolParts, part_max_bytes: int, diagnostics: Diagnostics, on_new_part: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._part_max_bytes = part_max_bytes
        self._block_max_bytes = min(_BLOCK_MAX_BYTES, part_max_bytes)
        self._diagnostics = diagnostics
        self._on_new_part = on_new_part
        self._check_after = 0.0  # monotonic

    def write(self, line: bytes) -> None:
        """Append a line. Raises OSError if it is not in the file as a line of its own."""
        parts = self._parts
        parts.prepare_to_write()
        while True:
            write_all(parts.last.number, line)
            end = os.lseek(parts.last.number, 0, os.SEEK_CUR)
            before, parts.size = parts.size, end
            begin = end - len(line)
            if begin == before:
                break
            others = self._others_since(before, begin)  # other processes wrote meanwhile, or removed this part
            if NEXT_LINE in others:
                parts.open_last()
                self._on_new_part()
            elif not others or others.endswith(b"\n"):
                break  # otherwise it follows a torn line, and is written again
        if parts.size >= self._part_max_bytes:
            self._go_on_in_next_part()

    def write_together(self, lines: list[bytes]) -> list[bytes]:
        """Append lines with one call. Returns those that are not in the file as lines of their own."""
        parts = self._parts
        block = lines[0] if len(lines) == 1 else b"".join(lines)
        try:
            self._prepare_often()
            written = os.write(parts.last.number, block)
        except OSError:
            return lines
        if written < len(block):
            return lines[block.count(b"\n", 0, written) :]
        before, parts.size = parts.size, os.lseek(parts.last.number, 0, os.SEEK_CUR)
        if parts.size != before + written:
            others = self._others_since(before, parts.size - written)
            if NEXT_LINE in others:
                parts.size = before  # so that `write` finds that line as well, and goes on after it
                return lines
            if others and not others.endswith(b"\n"):
                return lines[:1]
        if parts.size >= self._part_max_bytes:
            self._go_on_in_next_part()
        return []

    def count_together(self, lines: list[bytes]) -> int:
        """How many of these lines are written with one call; one at least."""
        if len(lines) == 1:
            return 1
        sizes = accumulate(map(len, lines))
        return max(1, sum(1 for _ in takewhile(lambda size: size <= self._block_max_bytes, sizes)))

    def _prepare_often(self) -> None:
        """As `prepare_to_write`, for many writes in a row: in between, the place in the file tells it from another.

        A file asked for its identity is slower to write to, as its time must be exact then. Raises OSError.
        """
        now = time.monotonic()
        if now >= self._check_after or os.lseek(self._parts.last.number, 0, os.SEEK_CUR) != self._parts.size:
            self._parts.prepare_to_write()
            self._check_after = now + _CHECK_FILE_EVERY_S

    def _others_since(self, before: int, begin: int) -> bytes:
        """What others have written from `before` on, up to our own at `begin`.

        All of the part, if it was made smaller.
        """
        file = self._parts.last.number
        others = os.pread(file, begin - before, before) if begin > before else b""
        if len(others) < begin - before or begin < before:
            others = os.pread(file, self._parts.size, 0)
        return others

    def _go_on_in_next_part(self) -> None:
        """Begin the next part. If that fails, this part grows, and the next line tries again."""
        try:
            self._parts.begin_next()
            self._on_new_part()
        except OSError as error:
            path = self._parts.path
            self._diagnostics.once("part", f"The spool {path} cannot add another file yet: {error}.")
