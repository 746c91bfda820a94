"""Sheds load when a spool is full: removes the oldest DEBUG entries, then INFO entries, then progress events.

It only changes closed parts that were never read for sending, so it changes no number that the service may have
seen. It replaces each part atomically: a process that is killed meanwhile leaves the old part or the new one.
A record with the number of removed entries takes the place of the first of them.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from aegis_tracker.spool_files import part_path, replace
from aegis_tracker.spool_owner import is_owner_line
from aegis_tracker.spool_records import (
    DROPPED_TYPE,
    NEXT_LINE,
    PART_TYPE,
    START_TYPE,
    dropped_record,
    line_of,
    parse_record,
    part_line,
)

_PROGRESS = "progress"
_TIERS = ("DEBUG", "INFO", _PROGRESS)
_LEVEL_BY = {name: b'","level":"' + name.encode() + b'"' for name in _TIERS}  # a message cannot contain it
_HEAD_OF_A_LINE = 80  # type, time and level stand in it


def shed(
    head: Path, spool_source: str, parts: Sequence[int], wanted: int, shed_tiers: dict[int, int], *, reason: str
) -> int:
    """Free about `wanted` bytes in `parts`, which are closed and ordered from the oldest. Returns the bytes freed.

    It may free fewer bytes, because other records are never removed. `shed_tiers` keeps the last tier removed from
    each part between calls. Small parts are merged with the one before. Raises OSError.
    """
    freed = 0
    for tier, kind in enumerate(_TIERS, start=1):
        before: int | None = None
        for number in parts:
            path = part_path(head, number)
            if freed >= wanted:
                return freed
            if shed_tiers.get(number, 0) >= tier or (number and not path.exists()):
                before = number if path.exists() else before
                continue
            shedding = _Shedding(kind, wanted - freed, reason)
            records = _records(path)
            content = shedding.of(records or [])
            if shedding.dropped == 0:
                if records is not None:
                    shed_tiers[number] = tier
                before = number
                continue
            target = number or 1
            neighbour = b"".join(_records(part_path(head, before)) or []) if before else b""
            if before and len(neighbour) + len(content) <= path.stat().st_size:
                target, content = before, shedding.merged(neighbour, content)
            size_before = path.stat().st_size + len(neighbour if target == before else b"")
            replace(part_path(head, target), part_line(target, number or 1, spool_source) + content + NEXT_LINE)
            freed += size_before - len(content)
            if number == 0:
                empty_head(head)
            elif target != number:
                path.unlink(missing_ok=True)
            shed_tiers[target] = tier if shedding.to_its_end else tier - 1
            before = target
    return freed


def empty_head(head: Path) -> int:
    """Cut the first file after its start record and its owner: the rest has arrived or was moved to a part.

    Returns the bytes freed. Writers that still have the file open find its `next` line. Raises OSError.
    """
    file = os.open(head, os.O_RDWR)
    try:
        size = os.fstat(file).st_size
        with open(file, "rb", closefd=False) as lines:
            keep = len(lines.readline())
            second = lines.readline()
            keep += len(second) if is_owner_line(second) else 0
        os.pwrite(file, NEXT_LINE, keep)
        os.ftruncate(file, keep + len(NEXT_LINE))
    finally:
        os.close(file)
    return max(0, size - keep - len(NEXT_LINE))


class _Shedding:
    """Removes entries of one kind until enough bytes are freed."""

    def __init__(self, kind: str, wanted: int, reason: str) -> None:
        self._kind = kind
        self._wanted = wanted
        self._reason = reason
        self._counts: dict[str, int] = {}
        self.dropped = 0
        self.to_its_end = True

    def of(self, lines: Iterable[bytes]) -> bytes:
        """The lines that remain, with the count of the removed ones in the place of the first of them."""
        kept: list[bytes] = []
        place: int | None = None
        for line in lines:
            counted = self._counted(line)
            if counted is None:
                kept.append(line)
                continue
            if place is None:
                place = len(kept)
                kept.append(b"")
            for kind, number in counted.items():
                self._counts[kind] = self._counts.get(kind, 0) + number
        if place is not None:
            kept[place] = line_of(dropped_record(self._counts, self._reason))
        return b"".join(kept)

    def merged(self, before: bytes, content: bytes) -> bytes:
        """Two neighbouring parts as one, with one count."""
        self._wanted, self._counts = 0, {}
        return self.of((before + content).splitlines(keepends=True))

    def _counted(self, line: bytes) -> dict[str, int] | None:
        """What a removed line adds to the count. None if the line remains."""
        if line.startswith(b'{"type":"' + DROPPED_TYPE.encode()):
            record = parse_record(line)
            return record.get("counts", {}) if record else {}
        is_one = (
            line.startswith(b'{"type":"progress"')
            if self._kind == _PROGRESS
            else line.startswith(b'{"type":"log"') and _LEVEL_BY[self._kind] in line[:_HEAD_OF_A_LINE]
        )
        if not is_one:
            return None
        if self._wanted <= 0:
            self.to_its_end = False
            return None
        self._wanted -= len(line)
        self.dropped += 1
        return {self._kind: 1}


def _records(path: Path) -> list[bytes] | None:
    """The lines of a closed part between its first and its `next` line; None for one that is still written."""
    data, closed, _ = path.read_bytes().partition(NEXT_LINE)
    if not closed:
        return None
    lines = data.splitlines(keepends=True)
    first = parse_record(lines[0]) if lines else None
    return lines[1:] if first is not None and first["type"] in (START_TYPE, PART_TYPE) else lines
