"""The one log file of initdb, the server and its keeper: its end for error messages, and its bounded size."""

import os

from .layout import DataDirectory

MAX_BYTES = 10_000_000
KEPT_BYTES = 1_000_000
TAIL_LINES = 5
TAIL_MAX_BYTES = 4_000


def open_log(directory: DataDirectory) -> int:
    """A descriptor to write to. Everybody appends, so that the file can be cut while it is written to."""
    return directory.open(directory.log, os.O_RDWR | os.O_APPEND)


def size(directory: DataDirectory) -> int:
    try:
        return directory.log.stat().st_size
    except FileNotFoundError:
        return 0


def tail(directory: DataDirectory, start: int = 0) -> str:
    """The last lines written after byte `start`, joined to fit into a sentence."""
    with directory.log.open("rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(min(start, end), end - TAIL_MAX_BYTES))
        lines = log.read().decode(errors="replace").splitlines()
    return " | ".join(line.strip() for line in lines[-TAIL_LINES:])


def trim(directory: DataDirectory) -> None:
    """Cut the log to its end if it has grown long. Lines written during the cut may be lost."""
    if size(directory) <= MAX_BYTES:
        return
    descriptor = open_log(directory)
    try:
        end = os.pread(descriptor, KEPT_BYTES, os.fstat(descriptor).st_size - KEPT_BYTES)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, end.partition(b"\n")[2])
    finally:
        os.close(descriptor)
