"""How a process comes to a spool: a new one, that of an ended process to continue, or one to send and remove."""

import os
import time
import uuid
from pathlib import Path
from typing import Any

from aegis_tracker.notices import Notices
from aegis_tracker.settings import SPOOL_MAX_BYTES
from aegis_tracker.spool import Spool
from aegis_tracker.spool_files import SPOOL_SUFFIX, create, has_moved, lock, part_numbers, part_path
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
    line_of,
    parse_record,
    source_line,
)
from aegis_tracker.spool_thinning import empty_head

_TELLING = EVENT_TYPES | {SOURCE_TYPE, CLOSED_TYPE, ARRIVED_TYPE}  # the last of these says how a spool ends
_LOCK_WAIT_S = 0.2  # somebody may just be looking whether the spool is in use


def open_spool(directory: Path, start: Record, notices: Notices, max_bytes: int = SPOOL_MAX_BYTES) -> Spool:
    """The spool for the run that `start` describes, with `start` as its first record.

    What an earlier process left of the same run is continued. While another live process has it, this one
    gets a file of its own, and the service decides who may count. Where no file can be written the spool
    is in memory, and that is said.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / f"{start['id']}{SPOOL_SUFFIX}"
        try:
            return _new(path, start, notices, max_bytes)
        except FileExistsError:
            left = _continued(path, start, notices, max_bytes)
            own = directory / f"{start['id']}.{start['source']}{SPOOL_SUFFIX}"
            return left or _new(own, start, notices, max_bytes)
    except (OSError, ValueError) as error:
        notices.once("spool", f"No spool can be kept in {directory} ({error}); reports go on from memory.")
        return memory_spool(start, notices)


def memory_spool(start: Record, notices: Notices) -> Spool:
    """A spool that ends with its process, for where no file can be written."""
    return Spool(start, None, None, notices, SPOOL_MAX_BYTES)


def adopt_spool(path: Path, notices: Notices, max_bytes: int = SPOOL_MAX_BYTES) -> Spool | None:
    """The spool that an ended process left, to be sent; None when a process has it, or it is no spool, or gone.

    Raises OSError.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        return None
    if not lock(file):
        os.close(file)
        return None
    try:
        spool = None if has_moved(file, path) else _mended(path, file, notices, max_bytes)
    except BaseException:
        os.close(file)
        raise
    if spool is None:
        os.close(file)
    return spool


def is_spool(path: Path) -> bool:
    """Whether the file begins as a spool does. Raises OSError."""
    first = parse_record(_beginning(path))
    return first is not None and _is_start(first)


def _new(path: Path, start: Record, notices: Notices, max_bytes: int) -> Spool:
    line = line_of(start)
    file = create(path, line, locked=True)
    for number in part_numbers(path):  # of a spool that was being removed when its process ended
        part_path(path, number).unlink(missing_ok=True)
    spool = Spool(start, file, path, notices, max_bytes)
    spool.begins_behind(len(line))
    return spool


def _continued(path: Path, start: Record, notices: Notices, max_bytes: int) -> Spool | None:
    """The spool that an ended process left, ready to append; None when it is not ours to continue."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            spool = adopt_spool(path, notices, max_bytes)
        except OSError:
            return None  # somebody else's: a file of one's own serves as well
        if spool is not None or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    if spool is None:
        return None
    if any(spool.start.get(key) != start[key] for key in ("id", "domain")):
        spool.close()
        return None
    if not spool.ended:
        spool.append_line(source_line(start["source"]))
    return spool


def append_end(spool: Spool, event: dict[str, Any]) -> None:
    """End a run whose process did not, in its spool; counted by us, from where the service says. Raises OSError."""
    spool.append_line(source_line(str(uuid.uuid4())))
    spool.append(event)
    spool.ended = True


def _is_start(first: Record) -> bool:
    return first["type"] == START_TYPE and all(isinstance(first.get(key), str) for key in ("id", "domain", "source"))


def _mended(path: Path, head: int, notices: Notices, max_bytes: int) -> Spool | None:
    """A spool that nobody else has, as it was before what a crash left half done; None where it is none."""
    first = parse_record(os.pread(head, RECORD_MAX_BYTES, 0).partition(b"\n")[0])
    if first is None or not _is_start(first):
        return None
    spool = Spool(first, head, path, notices, max_bytes)
    _mend(spool, path, head)
    return spool


def _mend(spool: Spool, path: Path, head: int) -> None:
    """Cut what a crash left half done, and find out how the spool ends."""
    numbers = [0]
    for number in part_numbers(path):
        first = parse_record(_beginning(part_path(path, number)))
        if first is None or first.get("source") != spool.start["source"] or number <= _through(path, numbers[-1]):
            part_path(path, number).unlink(missing_ok=True)  # of an earlier spool, or taken into another
        else:
            numbers.append(number)
    if 1 in numbers:
        empty_head(path)
    last_kind = START_TYPE
    for number in numbers[-2:]:
        file = head if number == 0 else os.open(part_path(path, number), os.O_RDWR | os.O_APPEND)
        size = os.fstat(file).st_size
        tail = os.pread(file, RECORD_MAX_BYTES, max(0, size - RECORD_MAX_BYTES))
        torn = len(tail) - (tail.rfind(b"\n") + 1)
        if torn:
            os.ftruncate(file, size - torn)
        records = [record for line in tail.splitlines()[-20:] if (record := parse_record(line)) is not None]
        kinds = [record["type"] for record in records if record["type"] in _TELLING]
        last_kind = kinds[-1] if kinds else last_kind
        if number == numbers[-1]:
            spool.resume_at_end(number, file)
        else:
            if NEXT_LINE not in tail:
                os.write(file, NEXT_LINE)
            if file != head:
                os.close(file)
    spool.ended = last_kind in END_TYPES
    spool.handed_over = last_kind in (CLOSED_TYPE, ARRIVED_TYPE)
    spool.all_arrived = last_kind == ARRIVED_TYPE


def _through(path: Path, number: int) -> int:
    """The last part that a part takes the place of."""
    first = parse_record(_beginning(part_path(path, number))) if number else None
    through = first.get("through") if first else None
    return through if isinstance(through, int) else number


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(RECORD_MAX_BYTES)
