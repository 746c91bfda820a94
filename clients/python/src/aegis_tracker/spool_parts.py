"""The files of a spool that this process has open: the first one, the last part, and parts that were not sent yet.

The first file holds the lock and stays open. Records are appended to the last part. See `spool_files` for their names.
"""

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

from aegis_tracker.descriptors import OwnFile
from aegis_tracker.file_locks import lock, unlock
from aegis_tracker.spool_descriptors import KeptDescriptors
from aegis_tracker.spool_files import create, part_numbers, part_path, write_all
from aegis_tracker.spool_records import NEXT_LINE, parse_record, part_line

_FIRST_FURTHER_PART = 2  # 1 is the rest of the first file after shedding


class SpoolParts:
    """The open files. All methods but those that change the last part are called by any thread.

    `lock` guards which files there are, as seen by this process.
    """

    def __init__(self, path: Path, head: int, source: str, size: int = 0) -> None:
        """`head` is the descriptor of the open first file, `source` the one that its first record names."""
        self.path = path
        self.source = source
        self.head = OwnFile(head)
        self.last = self.head
        self.number = 0  # of the last part
        self.size = size  # of the last part, as far as this process knows
        self.lock = threading.RLock()
        self.furthest_read = -1  # the last part that was read, so that it may have been sent
        self.shed_tiers: dict[int, int] = {}  # how thoroughly entries were removed, by part
        self.is_recovered = False  # whether an earlier process created the files
        self._kept = KeptDescriptors()
        self._is_forked = False
        self._was_forked = False  # the original may have added or shed parts since
        self._shares_descriptor = False  # with the process that forked this one: so their places in the file are one
        self._is_closed = False

    # The last part

    def prepare_to_write(self) -> None:
        """Make sure that `last` is a file of this process. Raises OSError."""
        if self._shares_descriptor:
            self._open_own()
        if not self.last.is_open:
            self._recover()

    def begin_next(self) -> None:
        """End the last part with a `next` line, and append to a new one. Raises OSError."""
        number = self.number + 1 if self.number else _FIRST_FURTHER_PART
        content = part_line(number, number, self.source)
        try:
            file = OwnFile(create(part_path(self.path, number), content))
        except FileExistsError:
            file = None  # created by another process, or by one that was killed before it could end this part
        try:
            write_all(self.last.number, NEXT_LINE)
        except OSError:
            if file is not None:
                file.close()
            raise
        if file is None:
            self.open_last()
        else:
            self._use(number, file, len(content))

    def open_last(self) -> None:
        """Append to the last part that there is. Raises OSError."""
        number = max(part_numbers(self.path), default=0)
        if number <= self.number:
            raise FileNotFoundError("it was removed")
        file = os.open(part_path(self.path, number), os.O_RDWR | os.O_APPEND)
        self._use(number, OwnFile(file), 0)

    def resume_at_end(self, number: int, file: int) -> None:
        """Append to the last part of a process that has ended. Its records may have been sent."""
        last = self.head if file == self.head.number else OwnFile(file)
        self._use(number, last, os.fstat(file).st_size)
        self.furthest_read = number
        self.is_recovered = True

    def end(self) -> tuple[int, int]:
        """The part and offset after the last record, including those of other processes."""
        with self.lock:
            try:
                return self.number, os.fstat(self.last.number).st_size
            except OSError:
                return self.number, self.size

    def _use(self, number: int, file: OwnFile, size: int) -> None:
        with self.lock:
            part, before = self.number, self.last
            self.number, self.last, self.size = number, file, size
            if before is self.head or before is file:
                return
            if self._is_forked:
                before.close()  # the original reads
            else:
                self._kept.keep(part, before)

    def _open_own(self) -> None:
        file = OwnFile(os.open(part_path(self.path, self.number), os.O_RDWR | os.O_APPEND))
        if file.identity == self.last.identity:
            self._use(self.number, file, 0)
        else:  # the part was replaced by shedding
            file.close()
            self.open_last()
        self._shares_descriptor = False

    def _recover(self) -> None:
        """Reopen files that the training has closed by their descriptor numbers. Raises OSError."""
        if self._is_closed or self.last.is_open:
            return
        with self.lock:
            if not self.head.is_open:
                self.head.reopen(self.path)
                with suppress(OSError):
                    lock(self.head.number)
            if not self.last.is_open:
                self.last.reopen(part_path(self.path, self.number))

    # Reading

    def read(self, part: int, offset: int, size: int) -> bytes:
        """Up to `size` bytes of a part from `offset`. They may be sent, so they are not shed later. Raises OSError."""
        with self.lock:
            self.furthest_read = max(self.furthest_read, part)
            return os.pread(self._descriptor(part), size, offset)

    def part_after(self, part: int) -> int | None:
        """The number of the part that follows `part`, which ends with a `next` line. Raises OSError."""
        with self.lock:
            through = part
            if part:
                record = parse_record(self.read(part, 0, 1000).partition(b"\n")[0])
                through = record.get("through", part) if record else part
            if self._has_open_after(through):
                return through + 1 if through else _FIRST_FURTHER_PART
            following = next((number for number in part_numbers(self.path) if number > through), None)
            if following is None and not self.is_recovered and not self._was_forked:
                raise FileNotFoundError(errno.ENOENT, "the next part is missing", str(self.path))
            return following

    def close_before(self, part: int) -> None:
        """Close parts that have arrived."""
        self._kept.close_before(part)

    def close_replaced(self) -> None:
        """Close files whose place another file has taken: they hold room on the disk."""
        self._kept.close_nameless()

    def _descriptor(self, part: int) -> int:
        self._recover()
        if part == 0 and not self._is_closed:
            return self.head.number  # which always keeps its file
        own = self.last if part == self.number else None
        return self._kept.of(self.path, part, own, may_differ=part in self.shed_tiers or self._was_forked)

    def _has_open_after(self, through: int) -> bool:
        """Whether the file that follows is open, and no other part can be between."""
        if self._was_forked or self.shed_tiers or (self.is_recovered and not through):
            return False
        number = through + 1 if through else _FIRST_FURTHER_PART
        return number == self.number or number in self._kept

    # Forks, and the end

    def process_forked(self) -> None:
        """In a forked process: append through a descriptor of its own, and do nothing else with the files."""
        self.lock = threading.RLock()  # another thread of the original may have it
        self._kept.close()
        self._was_forked = self._is_forked = self._shares_descriptor = True

    def take_over_sending(self) -> None:
        """Read from now on, instead of another process. How far that one got is not known."""
        with self.lock:
            self._is_forked = False
            self.furthest_read = self.number

    def close(self, *, unlock_first: bool = False) -> None:
        """Close the files. With `unlock_first` the lock is released even if forked processes have it as well."""
        self._is_closed = True
        with self.lock:
            self._kept.close()
        if unlock_first and self.head.is_open:
            unlock(self.head.number)
        self.last.close()
        self.head.close()
