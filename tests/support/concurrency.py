"""Threads with a database connection of their own, and waiting for one that waits for a lock."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

AWAIT_S = 20


def in_thread(action: Callable[[], Any]) -> Any:
    """Run `action` and give its connection back, as a serving thread would at its end."""
    try:
        return action()
    finally:
        connections.close_all()


def wait_until_blocked(count: int = 1) -> None:
    """Return once `count` other sessions of this database wait for a lock."""
    deadline = threading.Event()
    for _ in range(AWAIT_S * 100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees one snapshot of it otherwise
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0] >= count:
                return
        deadline.wait(0.01)  # PostgreSQL has no event for this
    raise AssertionError("nobody is waiting for a lock")
