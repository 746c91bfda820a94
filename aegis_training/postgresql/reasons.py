"""Why the database cannot be used, in a sentence that says what to do, from what libpq and PostgreSQL say of it."""

import re
from typing import Final

from django.db import InterfaceError, OperationalError
from psycopg import errors

# Programming errors, by their class, of a database that is not as this version of the service made it.
_NOT_AS_EXPECTED: Final = (errors.UndefinedTable, errors.UndefinedColumn, errors.InsufficientPrivilege)

# What a pooler says in the place of the server, which it cannot reach.
_OF_POOLER: Final = r"server_login_retry|server login (has been failing|failed)|server conn crashed|query_wait_timeout"

# What PostgreSQL says in its own words, and what that means here. The first that fits counts.
_REASONS: Final = [
    (
        r"could not \w+ shared memory segment.*(No space left|Cannot allocate)",
        "shared memory is full: give the server more (/dev/shm; docker run --shm-size)",
    ),
    (r"No space left on device", "the disk of the database is full: free space there"),
    (r"Disk quota exceeded", "the disk quota of the database is used up"),
    (
        r"too many (clients|connections)|connection slots are reserved|no more connections allowed",
        "it has no connection left: raise its max_connections, or lower AEGIS_THREADS",
    ),
    (r"password authentication failed", "it refuses the user or the password of DATABASE_URL"),
    (r"no password supplied", "it wants a password: put one into DATABASE_URL, or set PGPASSWORD"),
    (r"no pg_hba\.conf entry", "its pg_hba.conf does not let this user in from here"),
    (r'database ".*" does not exist', "there is no such database: create it, or change DATABASE_URL"),
    (r'role ".*" does not exist', "there is no such user: create it, or change DATABASE_URL"),
    (r"not currently accepting connections", "the database is closed to connections (ALLOW_CONNECTIONS)"),
    (r"is starting up|not yet accepting connections|in recovery mode", "the server is starting: try again soon"),
    (r"is shutting down|due to administrator command", "the server is being stopped"),
    (_OF_POOLER, "the pooler cannot reach the server behind it"),
    (r"failed to resolve host|could not translate host name", "the name of its host cannot be resolved"),
    (r"Connection refused", "nobody accepts connections there: is the server running?"),
    (r"connection to server on socket.*No such file", "there is no socket: is the server running?"),
    (r"permission denied for|must be owner of", "the user of DATABASE_URL lacks a right: let it own the database"),
    (r"does not answer|timeout expired|timed out", "it does not answer: it is frozen, or the network is interrupted"),
    (
        r'relation "\w+" does not exist|column .* does not exist',
        "its tables are missing or of another version: run `manage.py migrate`, or start the service once",
    ),
]  # fmt: skip


def reason(error: BaseException) -> str:
    """A sentence without its first capital and full stop, and what was said, on one line."""
    said = " ".join(str(error).split())
    for pattern, meaning in _REASONS:
        if re.search(pattern, said, re.IGNORECASE):
            return f"{meaning} ({said})"
    return said or type(error).__name__


def is_said_by_pooler(error: BaseException) -> bool:
    """Whether a pooler tells that it cannot reach the server: no answer of the server."""
    return re.search(_OF_POOLER, str(error)) is not None


def is_outside(error: BaseException) -> bool:
    """Whether it is the state of the database or the way to it, and not a defect of a statement."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error.__cause__, _NOT_AS_EXPECTED)
