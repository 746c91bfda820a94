"""Repairs a spool whose process was killed while it wrote."""

import os
from pathlib import Path

from aegis_tracker.spool import Spool
from aegis_tracker.spool_files import part_numbers, part_path
from aegis_tracker.spool_records import (
    ARRIVED_TYPE,
    CLOSED_TYPE,
    END_TYPES,
    EVENT_TYPES,
    NEXT_LINE,
    RECORD_MAX_BYTES,
    SOURCE_TYPE,
    START_TYPE,
    Record,
    parse_record,
    says_lost,
)
from aegis_tracker.spool_shedding import empty_head

_TELLING = EVENT_TYPES | {SOURCE_TYPE, CLOSED_TYPE, ARRIVED_TYPE}  # the last of these records says how a spool ends


def is_start(first: Record) -> bool:
    """Whether a record is the first of a spool."""
    return first["type"] == START_TYPE and all(isinstance(first.get(key), str) for key in ("id", "domain", "source"))


def repair(spool: Spool, path: Path, head: int) -> None:
    """Remove torn lines and unused parts, and find out how the spool ends.

    The caller must hold the lock. Raises OSError.
    """
    numbers = [0]
    for number in part_numbers(path):
        first = parse_record(_beginning(part_path(path, number)))
        if first is None or first.get("source") != spool.start["source"] or number <= _through(path, numbers[-1]):
            part_path(path, number).unlink(
                missing_ok=True
            )  # it belongs to an earlier spool, or was merged into another part
        else:
            numbers.append(number)
    if 1 in numbers:
        empty_head(path)
    last = spool.start
    for number in numbers[-2:]:
        file = head if number == 0 else os.open(part_path(path, number), os.O_RDWR | os.O_APPEND)
        size = os.fstat(file).st_size
        tail = os.pread(file, RECORD_MAX_BYTES, max(0, size - RECORD_MAX_BYTES))
        torn = len(tail) - (tail.rfind(b"\n") + 1)
        if torn:
            before = os.fstat(file)
            os.ftruncate(file, size - torn)
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # keeps when the training last wrote
        records = [record for line in tail.splitlines()[-20:] if (record := parse_record(line)) is not None]
        for record in records:
            if record["type"] in _TELLING:
                spool.all_arrived = record["type"] == ARRIVED_TYPE
                last = last if spool.all_arrived else record
        if number == numbers[-1]:
            spool.resume_at_end(number, file)
        else:
            if NEXT_LINE not in tail:
                os.write(file, NEXT_LINE)
            if file != head:
                os.close(file)
    spool.declared_lost = says_lost(last)
    spool.ended = last["type"] in END_TYPES and not spool.declared_lost
    spool.handed_over = last["type"] == CLOSED_TYPE


def _through(path: Path, number: int) -> int:
    """The last of the parts that this part replaces."""
    first = parse_record(_beginning(part_path(path, number))) if number else None
    through = first.get("through") if first else None
    return through if isinstance(through, int) else number


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(RECORD_MAX_BYTES)
