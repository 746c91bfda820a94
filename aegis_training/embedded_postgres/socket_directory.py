"""Where the server's socket lies: in the data directory, or, when that path is too long for a socket, in a
private directory below the system's directory for temporary files."""

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path

from .account import Account
from .errors import EmbeddedPostgresError
from .layout import OTHERS, PORT, DataDirectory

SOCKET_NAME = f".s.PGSQL.{PORT}"
PATH_MAX_BYTES = 107 if sys.platform == "linux" else 103  # sun_path less its final NUL


def choose_socket_directory(directory: DataDirectory, account: Account) -> Path:
    """The directory for the socket, which exists, belongs to `account` and is closed to others."""
    if _is_usable(directory.path):
        return directory.path
    name = f"aegis-{hashlib.sha256(os.fsencode(directory.path)).hexdigest()[:16]}"
    for temporary in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 (`_make_private` refuses a folder of others)
        candidate = Path(temporary).resolve() / name
        if _is_usable(candidate):
            _make_private(candidate, account)
            return candidate
    raise EmbeddedPostgresError(
        f"Neither {directory.path} nor {tempfile.gettempdir()} is short enough for the path of a socket: "
        f"set AEGIS_DATA_DIR or TMPDIR to a shorter path."
    )


def _is_usable(folder: Path) -> bool:
    path = os.fsencode(folder / SOCKET_NAME)
    # libpq takes a comma for the start of another host
    return len(path) <= PATH_MAX_BYTES and b"," not in path


def _make_private(folder: Path, account: Account) -> None:
    """Make `folder`, or make sure that the one found is ours: others can write where it lies."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        account.own(folder)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {account.uid, os.geteuid()} or found.st_mode & OTHERS:
        raise EmbeddedPostgresError(
            f"{folder}, where the socket of the embedded PostgreSQL belongs, is not a private directory of "
            f"its owner: remove it, or set AEGIS_DATA_DIR to a shorter path."
        )
    account.own(folder)
