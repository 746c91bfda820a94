"""Opens the spool of a training: a new one, or the one of an earlier process of the run that has ended."""

import time
from pathlib import Path

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.settings import SPOOL_MAX_BYTES
from aegis_tracker.spool import Spool
from aegis_tracker.spool_adoption import InDoubtError, adopt_spool
from aegis_tracker.spool_claim import SpoolClaim
from aegis_tracker.spool_files import SPOOL_SUFFIX, create, part_numbers, part_path
from aegis_tracker.spool_owner import owner_line, this_process
from aegis_tracker.spool_parts import SpoolParts
from aegis_tracker.spool_records import Record, line_of, source_line

_LOCK_WAIT_S = 0.2  # another process may be checking whether the spool is in use


def open_spool(
    directory: Path,
    start: Record,
    diagnostics: Diagnostics,
    max_bytes: int = SPOOL_MAX_BYTES,
    *,
    is_joining: bool = False,
) -> Spool:
    """The spool for the run that `start` describes, with `start` as its first record.

    An orphaned spool of the same run is continued. If another process uses it, or may use it, this process gets a
    separate file, and the service decides which of them may report. `is_joining` says that others may have reported
    the run before, from other folders. If no file can be written, the spool is in memory, with a warning.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / f"{start['id']}{SPOOL_SUFFIX}"
        try:
            return _new(path, start, diagnostics, max_bytes, is_joining=is_joining)
        except FileExistsError:
            left = _continued(path, start, diagnostics, max_bytes)
            own = directory / f"{start['id']}.{start['source']}{SPOOL_SUFFIX}"
            return left or _new(own, start, diagnostics, max_bytes, is_joining=True)
    except (OSError, ValueError) as error:
        diagnostics.once("spool", f"No spool can be written in {directory} ({error}). Reports are kept in memory.")
        return memory_spool(start, diagnostics, is_joining=is_joining)


def memory_spool(start: Record, diagnostics: Diagnostics, *, is_joining: bool = False) -> Spool:
    """A spool in memory, for when no file can be written. It is lost with the process."""
    spool = Spool(start, diagnostics, SPOOL_MAX_BYTES)
    spool.is_joining = is_joining
    if is_joining:
        spool.append_to_memory(source_line(start["source"]))
    return spool


def _new(path: Path, start: Record, diagnostics: Diagnostics, max_bytes: int, *, is_joining: bool) -> Spool:
    first = line_of(start)
    content = first + owner_line(this_process()) + (source_line(start["source"]) if is_joining else b"")
    file = create(path, content, locked=True)
    for number in part_numbers(path):  # left by a spool whose process ended while it was being removed
        part_path(path, number).unlink(missing_ok=True)
    parts = SpoolParts(path, file, start["source"], size=len(content))
    claim = SpoolClaim(path, parts.head, len(first), is_ours=True)
    spool = Spool(start, diagnostics, max_bytes, parts, claim)
    spool.is_joining = is_joining
    return spool


def _continued(path: Path, start: Record, diagnostics: Diagnostics, max_bytes: int) -> Spool | None:
    """The orphaned spool, ready to append. None if this process must not continue it."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            spool = adopt_spool(path, diagnostics, max_bytes)
        except (OSError, InDoubtError):
            return None  # it may be in use; a separate file works as well
        if spool is not None or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    if spool is None:
        return None
    if any(spool.start.get(key) != start[key] for key in ("id", "domain")):
        spool.close()
        return None
    spool.claim()
    if not spool.ended:
        spool.append_line(source_line(start["source"]))
    return spool
