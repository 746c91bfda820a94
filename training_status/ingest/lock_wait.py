"""How long a writer waits for another: briefly, so that those who wait cannot hold all threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from training_status.errors import Unavailable

LOCK_WAIT_S = 5


@contextmanager
def waiting_for_lock() -> Iterator[Any]:
    """A cursor for the statement that takes a lock, inside a transaction.

    Raises Unavailable when the lock is not to be had within LOCK_WAIT_S; the limit holds until the
    transaction's end.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'")
        try:
            yield cursor
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise Unavailable("Somebody else is changing this at the moment.", retry_after_s=1) from error
            raise
