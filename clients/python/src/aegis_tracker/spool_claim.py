"""The line in the first file of a spool that names the process which has it. See `spool_owner`."""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from aegis_tracker.descriptors import OwnFile
from aegis_tracker.spool_files import write_in_place
from aegis_tracker.spool_owner import owner_line, this_process


class SpoolClaim:
    """Names this process in the first file, and takes the name back at the end."""

    def __init__(self, path: Path, head: OwnFile, line_at: int | None, *, is_ours: bool = False) -> None:
        """`line_at` is the offset of the line, None if the file has none. `is_ours`: it names this process."""
        self._path = path
        self._head = head
        self._line_at = line_at
        self._is_ours = is_ours
        self._line_afterwards = owner_line(None)

    def take(self, *, to_send: bool = False) -> None:
        """Name this process. With `to_send` it only sends an orphaned spool. Raises OSError.

        The file then keeps its modification time: when the training last wrote.
        """
        if self._line_at is None:
            return
        line = owner_line(replace(this_process(), sends=to_send))
        before = os.fstat(self._head.number)
        if to_send:
            self._line_afterwards = os.pread(self._head.number, len(line), self._line_at)
        self._is_ours = write_in_place(self._head.number, self._path, self._line_at, line)
        if to_send:
            os.utime(self._head.number, ns=(before.st_atime_ns, before.st_mtime_ns))

    def process_forked(self) -> None:
        """In a forked process: the line names the original."""
        self._is_ours = False

    def give_back(self) -> None:
        """Name no process; after one that only sent, the process from before."""
        if self._line_at is None or not self._is_ours or not self._head.is_open:
            return
        with suppress(OSError):  # removed, as all of it has arrived
            before = os.fstat(self._head.number)
            write_in_place(self._head.number, self._path, self._line_at, self._line_afterwards)
            os.utime(self._head.number, ns=(before.st_atime_ns, before.st_mtime_ns))
