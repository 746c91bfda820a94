"""The lock that says which process has a spool: `flock` on its first file.

It ends with the last process that has the file open. Some file systems have no locks, and some have locks
that hold on one machine only; a lock that could not be had says nothing about anybody.
"""

import fcntl
import os
import uuid
from pathlib import Path

PROBE_NAME = ".lock-probe.{}.new"  # removed like any other file that a killed process left unfinished


def lock(file: int) -> bool:
    """Take the lock; False where another open file has it. Raises OSError where files cannot be locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(file: int) -> None:
    """Give the lock back, also for processes forked meanwhile. Where files cannot be locked there is none."""
    try:
        fcntl.flock(file, fcntl.LOCK_UN)
    except OSError:
        return


def is_locked(path: Path) -> bool:
    """Whether somebody has the lock; False also where files cannot be locked. Raises FileNotFoundError."""
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


def locks_work(directory: Path) -> bool:
    """Whether a lock on a file in `directory` keeps a second one out, tried on a file of its own."""
    probe = directory / PROBE_NAME.format(uuid.uuid4().hex)
    try:
        first = os.open(probe, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except OSError:
        return False
    try:
        second = os.open(probe, os.O_RDWR)
        try:
            return lock(first) and not lock(second)
        finally:
            os.close(second)
    except OSError:
        return False
    finally:
        os.close(first)
        probe.unlink(missing_ok=True)
