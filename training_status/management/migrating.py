"""Migrating the database, by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection, connections

_LOCK = 0x4145474953  # an arbitrary key of an advisory lock: "AEGIS"
_FIRST_TABLE = "django_migrations"


@contextmanager
def migrated() -> Iterator[None]:
    """Migrate the database, and keep other processes from migrating until the block ends.

    A separate connection holds the lock, so this also works behind a pooler that shares connections.
    """
    guard = connections.create_connection("default")
    try:
        guard.set_autocommit(False)
        with guard.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        guard.close()


def migrate_new_database() -> None:
    """Create the tables of an empty database. A database with tables, even old ones, is not migrated."""
    with connection.cursor() as cursor:
        is_new = _FIRST_TABLE not in connection.introspection.table_names(cursor)
    if is_new:
        with migrated():
            pass
