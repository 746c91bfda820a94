"""Adopts orphaned spools, but only if it is certain that their process has ended.

Otherwise it would end the run of a training that still runs, or remove its files. So a spool is adopted only with its
lock, in a folder where locks are known to work, if its process has closed it or is known to have ended. All other
spools are in doubt: a person has to decide.
"""

import os
from pathlib import Path

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.file_locks import is_locked, lock, locks_work
from aegis_tracker.settings import SPOOL_MAX_BYTES
from aegis_tracker.spool import Spool, spool_open_here
from aegis_tracker.spool_claim import SpoolClaim
from aegis_tracker.spool_files import has_moved
from aegis_tracker.spool_owner import LINE_BYTES, Owner, ProcessState, is_this_process, owner_of, state_of
from aegis_tracker.spool_parts import SpoolParts
from aegis_tracker.spool_records import RECORD_MAX_BYTES, SOURCE_HEAD, Record, parse_record
from aegis_tracker.spool_repair import is_start, repair


class InDoubtError(Exception):
    """It is not certain that the process of a spool has ended. The text says why. `start` is its first record."""

    def __init__(self, reason: str, start: Record) -> None:
        super().__init__(reason)
        self.start = start


class _Unnamed:
    """The owner of a spool without an `owner` line, as earlier versions wrote it."""


_UNNAMED = _Unnamed()


def adopt_spool(
    path: Path, diagnostics: Diagnostics, max_bytes: int = SPOOL_MAX_BYTES, *, is_known_to_have_ended: bool = False
) -> Spool | None:
    """Adopt an orphaned spool. Returns None if a process uses it, it is not a spool, or it was removed.

    Raises InDoubtError if it is not certain that its process has ended. `is_known_to_have_ended` overrides that,
    unless the process can be seen to run. Raises OSError.
    """
    if spool_open_here(path) is not None:
        return None
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND)
    except (FileNotFoundError, IsADirectoryError):
        return None
    spool = None
    try:
        spool = _adopted(path, file, diagnostics, max_bytes, is_known_to_have_ended)
    finally:
        if spool is None:
            os.close(file)
    return spool


def is_in_use(path: Path) -> bool:
    """Whether a process is known to use the spool: its training or a sender. Raises OSError."""
    if spool_open_here(path) is not None or is_locked(path):
        return True
    if locks_work(path.parent):
        return False
    owner = _owner_of_file(path)
    return isinstance(owner, Owner) and state_of(owner) is ProcessState.RUNNING


def process_state(path: Path) -> ProcessState:
    """Whether the process of a spool runs, as `aegis-tracker status` shows it. Raises OSError."""
    if is_in_use(path):
        return ProcessState.RUNNING
    owner = _owner_of_file(path)
    if isinstance(owner, Owner):
        return ProcessState.GONE if is_this_process(owner) else state_of(owner)
    return ProcessState.GONE if owner is None else ProcessState.UNKNOWN


def is_being_sent(path: Path) -> bool:
    """Whether another process sends the orphaned spool, or this one a tracker's that has ended. Raises OSError."""
    here = spool_open_here(path)
    if here is not None:
        return here.is_finished
    if not is_locked(path):
        return False
    owner = _owner_of_file(path)
    return isinstance(owner, Owner) and owner.sends and state_of(owner) is ProcessState.RUNNING


def is_spool(path: Path) -> bool:
    """Whether the file begins as a spool does. Raises OSError."""
    with path.open("rb") as file:
        first = parse_record(file.readline(RECORD_MAX_BYTES))
    return first is not None and is_start(first)


def _adopted(
    path: Path, file: int, diagnostics: Diagnostics, max_bytes: int, is_known_to_have_ended: bool
) -> Spool | None:
    try:
        if not lock(file):
            return None
        has_lock = locks_work(path.parent)
    except OSError:
        has_lock = False
    first_line = os.pread(file, RECORD_MAX_BYTES, 0).partition(b"\n")[0]
    start = parse_record(first_line)
    if has_moved(file, path) or start is None or not is_start(start):
        return None
    owner_at = len(first_line) + 1
    owner = _owner_in(os.pread(file, LINE_BYTES, owner_at))
    is_other = isinstance(owner, Owner) and not is_this_process(owner)
    is_running = is_other and isinstance(owner, Owner) and state_of(owner) is ProcessState.RUNNING
    if is_running and not has_lock and not is_known_to_have_ended:
        return None  # its training uses it
    doubt = _doubt(path, owner, is_running, has_lock, is_known_to_have_ended)
    if doubt is not None:
        raise InDoubtError(doubt, start)
    parts = SpoolParts(path, file, start["source"])
    claim = SpoolClaim(path, parts.head, None if owner is _UNNAMED else owner_at)
    spool = Spool(start, diagnostics, max_bytes, parts, claim)
    second = os.pread(file, LINE_BYTES + 200, owner_at + (LINE_BYTES if owner is not _UNNAMED else 0))
    spool.is_joining = second.startswith(SOURCE_HEAD)
    repair(spool, path, file)
    return spool


def _owner_of_file(path: Path) -> Owner | _Unnamed | None:
    with path.open("rb") as file:
        first = parse_record(file.readline(RECORD_MAX_BYTES))
        return _owner_in(file.readline(LINE_BYTES)) if first is not None and is_start(first) else _UNNAMED


def _owner_in(line: bytes) -> Owner | _Unnamed | None:
    """The process that the second line names. None if the spool was closed properly."""
    try:
        return owner_of(line)
    except (ValueError, KeyError, TypeError):
        return _UNNAMED


def _doubt(
    path: Path, owner: Owner | _Unnamed | None, is_running: bool, has_lock: bool, is_known_to_have_ended: bool
) -> str | None:
    """Why the spool is in doubt. None if it can be adopted."""
    if is_known_to_have_ended:
        return f"{owner} is still running" if is_running and not has_lock else None
    if is_running:
        return f"{owner} is still running, although it does not hold the spool's lock"
    if not has_lock:
        return f"files in {path.parent} cannot be locked, so another process may be using it"
    if isinstance(owner, _Unnamed):
        return "it does not name the process that wrote it"
    if owner is not None and not is_this_process(owner) and state_of(owner) is ProcessState.UNKNOWN:
        return f"{owner} cannot be checked from here"
    return None
