"""The one exception of the embedded PostgreSQL, and the sentences for what the operating system refuses."""

import errno
import os
import pwd
from pathlib import Path

WAYS_OUT = "set AEGIS_DATA_DIR to another directory, or DATABASE_URL to a PostgreSQL of your own"


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used. Its text is one sentence that says what to do."""


def disk_full(directory: Path) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"The disk that holds {directory} is full: free space there and start again, or {WAYS_OUT}."
    )


def refused_by_system(error: OSError, directory: Path) -> EmbeddedPostgresError:
    """The sentence for a system call that failed while working on the data directory `directory`."""
    if error.errno == errno.ENOSPC:
        return disk_full(directory)
    if error.errno == errno.EDQUOT:
        return EmbeddedPostgresError(
            f"The disk quota for {directory} is used up: free space there and start again, or {WAYS_OUT}."
        )
    return EmbeddedPostgresError(
        f"The embedded PostgreSQL cannot work in {directory} ({error.strerror}: "
        f"{error.filename or directory}): make it a directory that {_account_name()} owns and can write to, "
        f"or {WAYS_OUT}."
    )


def _account_name() -> str:
    try:
        return f"the user {pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:  # a uid without a name, as containers are fond of
        return "this user"
