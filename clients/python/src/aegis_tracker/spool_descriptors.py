"""Keeps the files of a spool's parts open, so that they can be read even if their folder is moved or removed.

A folder may be moved, removed or unmounted while a training runs, and a process may have no descriptors left.
"""

import os
from pathlib import Path

from aegis_tracker.descriptors import Identity, identity
from aegis_tracker.spool_files import part_path

KEPT_MAX = 16  # a training needs descriptors of its own


class KeptDescriptors:
    """Of parts that were written and are closed, the oldest first, and of the one that is being read by its path.

    Not for several threads at once.
    """

    def __init__(self) -> None:
        self._written: dict[int, tuple[int, Identity | None]] = {}  # descriptor, and of which file
        self._reading: tuple[int, int] | None = None

    def __contains__(self, part: int) -> bool:
        return part in self._written

    def keep(self, part: int, file: int) -> None:
        """Take over a part's file, to be read later; it is closed where there are too many."""
        if part in self._written or len(self._written) >= KEPT_MAX:
            os.close(file)
        else:
            self._written[part] = file, identity(file)

    def of(self, head: Path, part: int, own: int | None, *, may_differ: bool) -> int:
        """A descriptor to read the part from: `own`, which has it open, else one of these, else by its path.

        A file that has lost its name was thinned out, and another has its place, or its folder is gone; after
        the first, which is what `may_differ` says, it must not be read any more. Raises OSError.
        """
        file = self._still_open(part) if own is None else own
        if file is not None and os.fstat(file).st_nlink:
            return file
        if self._reading is None or self._reading[0] != part:
            try:
                by_path = os.open(part_path(head, part), os.O_RDONLY)
            except OSError:
                if file is None or may_differ:
                    raise
                return file
            self._stop_reading()
            self._reading = part, by_path
        return self._reading[1]

    def close_before(self, part: int) -> None:
        """Close what has arrived."""
        for number in [number for number in self._written if number < part]:
            self._close(number)
        if self._reading is not None and self._reading[0] < part:
            self._stop_reading()

    def close_nameless(self) -> None:
        """Close files that others have taken the place of: they hold room on the disk."""
        for number in list(self._written):
            file = self._still_open(number)
            if file is None or not os.fstat(file).st_nlink:
                self._close(number)

    def close(self) -> None:
        """Close them all."""
        self._stop_reading()
        for number in list(self._written):
            self._close(number)

    def _still_open(self, part: int) -> int | None:
        """Its descriptor, unless the training has closed that by its number."""
        file, wanted = self._written.get(part, (None, None))
        return file if identity(file) == wanted else None

    def _close(self, part: int) -> None:
        file = self._still_open(part)
        del self._written[part]
        if file is not None:
            os.close(file)

    def _stop_reading(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            os.close(reading[1])
