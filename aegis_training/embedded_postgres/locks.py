"""Kernel locks (flock) on files of the data directory.

A flock belongs to an open file, not to a process: whoever inherits the descriptor holds the lock too, and the
kernel releases it when the last of them has closed it or ended. That is what makes it fit for "until the
process ends, however".
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .layout import DataDirectory


def take_shared(directory: DataDirectory, file: Path) -> int:
    """Wait for the shared lock and return the descriptor that holds it."""
    return _take(directory, file, fcntl.LOCK_SH)


def take_exclusive(directory: DataDirectory, file: Path) -> int:
    """Wait for the exclusive lock and return the descriptor that holds it."""
    return _take(directory, file, fcntl.LOCK_EX)


def try_exclusive(directory: DataDirectory, file: Path) -> int | None:
    """Return the descriptor that holds the exclusive lock, or None if somebody else holds it."""
    try:
        return _take(directory, file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def release(descriptor: int) -> None:
    """Release the lock for all who inherited it: a fork at the wrong moment may have copied it."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def is_lock_of(descriptor: int, file: Path) -> bool:
    """Whether the open file is still the one of that name, and not one that was removed or replaced."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except (FileNotFoundError, NotADirectoryError):
        return False


@contextmanager
def exclusive(directory: DataDirectory, file: Path) -> Iterator[int]:
    descriptor = take_exclusive(directory, file)
    try:
        yield descriptor
    finally:
        release(descriptor)


def _take(directory: DataDirectory, file: Path, operation: int) -> int:
    descriptor = directory.open(file, os.O_RDWR)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:  # Ctrl-C while waiting too
        os.close(descriptor)
        raise
    return descriptor
