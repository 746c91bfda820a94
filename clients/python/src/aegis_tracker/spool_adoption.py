"""Taking over the spool of a process that has ended, on good evidence only.

Whoever ends a run or removes a file on weak evidence takes them from a training that lives. So a spool is
adopted only with a lock on it, in a folder where locks are known to work, and when its process has let go of it
or is known to be gone. Everything else is in doubt, and left to somebody who knows more.
"""

import os
from pathlib import Path

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.file_locks import is_locked, lock, locks_work
from aegis_tracker.settings import SPOOL_MAX_BYTES
from aegis_tracker.spool import Spool, spool_open_here
from aegis_tracker.spool_files import has_moved
from aegis_tracker.spool_owner import LINE_BYTES, Owner, ProcessState, is_this_process, owner_of, state_of
from aegis_tracker.spool_records import RECORD_MAX_BYTES, SOURCE_HEAD, Record, parse_record
from aegis_tracker.spool_repair import is_start, repair


class InDoubtError(Exception):
    """It cannot be told that the process of a spool has ended; the text says why. `start` is of its run."""

    def __init__(self, reason: str, start: Record) -> None:
        super().__init__(reason)
        self.start = start


class _Unnamed:
    """Of a spool that does not say whose it is, as earlier versions made them."""


_UNNAMED = _Unnamed()


def adopt_spool(
    path: Path, diagnostics: Diagnostics, max_bytes: int = SPOOL_MAX_BYTES, *, is_known_to_have_ended: bool = False
) -> Spool | None:
    """The spool that an ended process left; None when a process has it, or it is no spool, or gone.

    Raises InDoubtError where nobody can tell that its process has ended, unless somebody who knows says so with
    `is_known_to_have_ended`; also then when it can be seen to run. Raises OSError.
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
    """Whether a process is known to have the spool: its training, or somebody who sends it. Raises OSError."""
    if spool_open_here(path) is not None or is_locked(path):
        return True
    if locks_work(path.parent):
        return False
    owner = _owner_of_file(path)
    return isinstance(owner, Owner) and state_of(owner) is ProcessState.RUNNING


def process_state(path: Path) -> ProcessState:
    """What is known of the process of a spool, for people. Raises OSError."""
    if is_in_use(path):
        return ProcessState.RUNNING
    owner = _owner_of_file(path)
    if isinstance(owner, Owner):
        return ProcessState.GONE if is_this_process(owner) else state_of(owner)
    return ProcessState.GONE if owner is None else ProcessState.UNKNOWN


def is_being_sent(path: Path) -> bool:
    """Whether somebody sends the spool of a process that has ended, or of a tracker that has. Raises OSError."""
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
        return None  # its training has it
    doubt = _doubt(path, owner, is_running, has_lock, is_known_to_have_ended)
    if doubt is not None:
        raise InDoubtError(doubt, start)
    spool = Spool(start, file, path, diagnostics, max_bytes)
    if owner is not _UNNAMED:
        spool.owner_is_named_at(owner_at)
    second = os.pread(file, LINE_BYTES + 200, owner_at + (LINE_BYTES if owner is not _UNNAMED else 0))
    spool.is_joining = second.startswith(SOURCE_HEAD)
    repair(spool, path, file)
    return spool


def _owner_of_file(path: Path) -> Owner | _Unnamed | None:
    with path.open("rb") as file:
        first = parse_record(file.readline(RECORD_MAX_BYTES))
        return _owner_in(file.readline(LINE_BYTES)) if first is not None and is_start(first) else _UNNAMED


def _owner_in(line: bytes) -> Owner | _Unnamed | None:
    """The process that the second line names; None where the spool was let go in an orderly way."""
    try:
        return owner_of(line)
    except (ValueError, KeyError, TypeError):
        return _UNNAMED


def _doubt(
    path: Path, owner: Owner | _Unnamed | None, is_running: bool, has_lock: bool, is_known_to_have_ended: bool
) -> str | None:
    """Why the spool cannot be taken over; None where it can."""
    if is_known_to_have_ended:
        return f"{owner} still runs" if is_running and not has_lock else None
    if is_running:
        return f"{owner} still runs, although it does not hold the spool's lock"
    if not has_lock:
        return f"files in {path.parent} cannot be locked, so nothing tells whether another process has it"
    if isinstance(owner, _Unnamed):
        return "it does not say which process wrote it"
    if owner is not None and not is_this_process(owner) and state_of(owner) is ProcessState.UNKNOWN:
        return f"{owner} cannot be looked at from here"
    return None
