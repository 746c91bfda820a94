"""The limit of waiting for a database lock. It is short, so that waiting writers cannot occupy all threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from training_status.errors import Unavailable

LOCK_WAIT_S = 5


@contextmanager
def waiting_for_lock() -> Iterator[Any]:
    """Yield a cursor for the statement that takes a lock. Use it inside a transaction.

    Raises Unavailable when the lock cannot be taken within LOCK_WAIT_S. The limit applies until the
    transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'")
        try:
            yield cursor
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise Unavailable("Another request is changing this at the moment.", retry_after_s=1) from error
            raise
