"""One sweep at a time, over all processes and machines."""

from typing import Final

from django.db import connection

_SWEEP_LOCK: Final = 0x414547495353  # any number that nothing else locks: "AEGISS"


def acquire_sweep_lock(*, wait: bool = False) -> bool:
    """Take the sweep's lock until the present transaction ends; False, at once, where another sweep has it.

    With `wait` it is waited for, which is not long: sweeps work in small transactions.
    """
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_SWEEP_LOCK,))
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_SWEEP_LOCK,))
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)
