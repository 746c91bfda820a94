"""Migrating the database, by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

_LOCK = 0x4145474953  # an arbitrary key of an advisory lock: "AEGIS"
_FIRST_TABLE = "django_migrations"


@contextmanager
def migrated() -> Iterator[None]:
    """Migrate the database, and keep other processes from migrating until the block ends."""
    with _migration_lock():
        call_command("migrate", verbosity=0, interactive=False)
        yield


@contextmanager
def migrated_before() -> Iterator[None]:
    """Keep other processes from migrating until the block ends. Raises CommandError if migrations are missing.

    Reads only, so the user of the database needs no right to change tables.
    """
    with _migration_lock():
        missing = _missing_migrations()
        if missing:
            what = "1 migration is missing:" if len(missing) == 1 else f"{len(missing)} migrations are missing, first"
            raise CommandError(
                f"The database is not migrated: {what} {missing[0]}. "
                "Run `manage.py migrate`, or serve without --no-migrate."
            )
        yield


def migrate_new_database() -> None:
    """Create the tables of an empty database. A database with tables, even old ones, is not migrated."""
    with connection.cursor() as cursor:
        is_new = _FIRST_TABLE not in connection.introspection.table_names(cursor)
    if is_new:
        with migrated():
            pass


@contextmanager
def _migration_lock() -> Iterator[None]:
    """Hold the lock of those who migrate.

    A separate connection holds it, so this also works behind a pooler that shares connections.
    """
    guard = connections.create_connection("default")
    try:
        guard.set_autocommit(False)
        with guard.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        yield
    finally:
        guard.close()


def _missing_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
