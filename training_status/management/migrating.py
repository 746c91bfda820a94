"""Bringing the database up to date, by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection, connections

_LOCK = 0x4145474953  # any number that nothing else locks: "AEGIS"
_FIRST_TABLE = "django_migrations"


@contextmanager
def migrated() -> Iterator[None]:
    """Migrate, and keep others from it until the block ends.

    A connection of its own holds the lock, so that it also works where connections are shared between transactions.
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
    """Make the tables of a database that has none yet. One that has some, be they old, is left as it is."""
    with connection.cursor() as cursor:
        is_new = _FIRST_TABLE not in connection.introspection.table_names(cursor)
    if is_new:
        with migrated():
            pass
