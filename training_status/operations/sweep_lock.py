"""The lock that allows one sweep or pruning at a time, across all processes and machines."""

from typing import Final

from django.db import connection

_SWEEP_LOCK: Final = 0x414547495353  # an arbitrary key of an advisory lock: "AEGISS"


def acquire_sweep_lock(*, wait: bool = False) -> bool:
    """Take the sweep's lock until the current transaction ends. Return False, without waiting, if it is taken.

    With `wait`, wait for the lock. The wait is short, because sweeps use small transactions.
    """
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_SWEEP_LOCK,))
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_SWEEP_LOCK,))
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)
