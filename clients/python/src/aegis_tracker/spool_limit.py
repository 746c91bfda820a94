"""Keeps the files of a spool within a limit: removes parts that have arrived, then entries of the others.

See `spool_shedding` for which entries are removed.
"""

import time

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.spool_files import part_path, part_sizes, write_at
from aegis_tracker.spool_memory import MEMORY_PART
from aegis_tracker.spool_parts import SpoolParts
from aegis_tracker.spool_records import RESUME_AT, resume_field
from aegis_tracker.spool_shedding import empty_head, shed

_PART_MAX_BYTES = 8 * 1024 * 1024  # shedding a part of this size takes a few hundredths of a second
_LOOK_FOR_ROOM_EVERY_S = 0.05


class SpoolLimit:
    """Whether the spool is full, as of the last look. Used by any thread.

    Only the process that sends knows which parts were not read, so only that makes room. Others look whether there is.
    """

    def __init__(self, parts: SpoolParts, max_bytes: int, diagnostics: Diagnostics) -> None:
        self.max_bytes = max_bytes
        self.part_max_bytes = min(_PART_MAX_BYTES, max_bytes // 16)
        self.is_full = False
        self.may_make_room = True
        self._parts = parts
        self._diagnostics = diagnostics
        self._looked_at = 0.0  # monotonic
        self._entered: tuple[int, int, str] = (0, 1, "")  # the part that is being sent, its first n, who counts

    def entered(self, part: int, next_n: int, source: str) -> None:
        """Note that everything before `part` has arrived, and how its events are numbered."""
        with self._parts.lock:
            self._entered = (part, next_n, source)

    def keep(self) -> None:
        """Look at the sizes of the files, and make room if they are too large."""
        try:
            with self._parts.lock:
                self._make_room()
        except OSError as error:
            path = self._parts.path
            self._diagnostics.once("limit", f"The spool {path} cannot be reduced to its limit: {error}.")

    def keep_if_due(self) -> bool:
        """The same, a few times a second at most. Returns whether it looked."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_FOR_ROOM_EVERY_S:
            return False
        self._looked_at = now
        self.keep()
        return True

    def _make_room(self) -> None:
        parts = self._parts
        sizes = part_sizes(parts.path)
        # Two parts remain, for what is written until somebody looks here again.
        too_much = sum(sizes.values()) - (self.max_bytes - 2 * self.part_max_bytes)
        if too_much > 0 and self.may_make_room:
            too_much -= self._remove_arrived(sizes)
        if too_much > 0 and self.may_make_room:
            closed = [number for number in sizes if parts.furthest_read < number < max(sizes)]
            too_much -= shed(
                parts.path,
                parts.source,
                closed,
                too_much + 2 * self.part_max_bytes,
                parts.shed_tiers,
                reason=f"the spool had reached its limit of {self.max_bytes} bytes",
            )
            parts.close_replaced()
        self.is_full = too_much > self.part_max_bytes

    def _remove_arrived(self, sizes: dict[int, int]) -> int:
        """Remove parts that the service has acknowledged. Returns the bytes freed."""
        path = self._parts.path
        sent_part, next_n, source = self._entered
        if not 0 < sent_part < MEMORY_PART:
            return 0
        write_at(part_path(path, sent_part), RESUME_AT, resume_field(next_n, source))
        freed = 0
        for number in [number for number in sizes if number < sent_part]:
            if number == 0:
                freed += empty_head(path)
            else:
                part_path(path, number).unlink(missing_ok=True)
                freed += sizes[number]
        return freed
