"""Starting the keeper: detached from terminal and starter, and with its locks from its first moment on."""

import os
import subprocess
import sys
from pathlib import Path

from . import server_log
from .binaries import find_binaries
from .errors import EmbeddedPostgresError
from .layout import DataDirectory

READY = "ready"  # what the keeper reports; anything else is the text of an error

REPORT_MAX_BYTES = 65_536

PROJECT = Path(__file__).resolve().parents[2]


def launch_keeper(directory: DataDirectory, start_lock: int, keeper_lock: int) -> None:
    """Start a keeper that inherits both locks, and return when it reports a server that accepts connections.

    Raises EmbeddedPostgresError with what it reports otherwise.
    """
    binaries = find_binaries()
    said_before = server_log.size(directory)
    report, writing = os.pipe()
    try:
        try:
            _start(directory, binaries, (writing, start_lock, keeper_lock))
        finally:
            os.close(writing)
        outcome = os.read(report, REPORT_MAX_BYTES).decode(errors="surrogateescape")
    finally:
        os.close(report)
    if not outcome:
        raise EmbeddedPostgresError(
            f"The process that keeps the embedded PostgreSQL was ended before it could report: start again, "
            f"or see its log {directory.log}, which ends with: {server_log.tail(directory, said_before)}"
        )
    if outcome != READY:
        raise EmbeddedPostgresError(outcome)


def _start(directory: DataDirectory, binaries: Path, inherited: tuple[int, int, int]) -> None:
    search_path = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    log = server_log.open_log(directory)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", f"{__package__}.owner_process", directory.path, binaries, *map(str, inherited)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=inherited,
            start_new_session=True,  # Ctrl-C in the terminal is for the users
            cwd="/",
            umask=0o077,
            # The safe path leaves out the current directory, which is the root and may hold anything.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(search_path), "PYTHONSAFEPATH": "1"},
            check=False,
        )
    finally:
        os.close(log)
    if ended.returncode != 0:
        raise EmbeddedPostgresError(
            f"The process that keeps the embedded PostgreSQL did not start: see its log {directory.log}, "
            f"which ends with: {server_log.tail(directory)}"
        )
