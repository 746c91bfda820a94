"""Keeps the files of a spool's parts open, so that they can be read even if their folder is moved or removed.

A folder may be moved, removed or unmounted while a training runs, and a process may have no descriptors left.
"""

import os
from pathlib import Path

from aegis_tracker.descriptors import OwnFile
from aegis_tracker.spool_files import part_path

KEPT_MAX = 16  # a training needs descriptors of its own


class KeptDescriptors:
    """Of parts that were written and are closed, the oldest first, and of the one that is being read by its path.

    Not for several threads at once.
    """

    def __init__(self) -> None:
        self._written: dict[int, OwnFile] = {}
        self._reading: tuple[int, OwnFile] | None = None

    def __contains__(self, part: int) -> bool:
        return part in self._written

    def keep(self, part: int, file: OwnFile) -> None:
        """Take over a part's file, to be read later. It is closed if there are too many."""
        if part in self._written or len(self._written) >= KEPT_MAX:
            file.close()
        else:
            self._written[part] = file

    def of(self, head: Path, part: int, own: OwnFile | None, *, may_differ: bool) -> int:
        """A descriptor to read the part from: `own`, which has it open, else one of these, else by its path.

        A file without a name was replaced by a part from which entries were removed, or its folder is gone. After
        the first, which is what `may_differ` says, it must not be read any more. Raises OSError.
        """
        file = self._written.get(part) if own is None else own
        if file is not None and file.is_open and os.fstat(file.number).st_nlink:
            return file.number
        if self._reading is None or self._reading[0] != part or not self._reading[1].is_open:
            try:
                by_path = OwnFile(os.open(part_path(head, part), os.O_RDONLY))
            except OSError:
                if file is None or not file.is_open or may_differ:
                    raise
                return file.number
            self._stop_reading()
            self._reading = part, by_path
        return self._reading[1].number

    def close_before(self, part: int) -> None:
        """Close what has arrived."""
        for number in [number for number in self._written if number < part]:
            self._written.pop(number).close()
        if self._reading is not None and self._reading[0] < part:
            self._stop_reading()

    def close_nameless(self) -> None:
        """Close files that others have taken the place of: they hold room on the disk."""
        for number, file in list(self._written.items()):
            if not file.is_open or not os.fstat(file.number).st_nlink:
                self._written.pop(number).close()

    def close(self) -> None:
        """Close them all."""
        self._stop_reading()
        while self._written:
            self._written.popitem()[1].close()

    def _stop_reading(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            reading[1].close()
