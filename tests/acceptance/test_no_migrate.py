"""`serve --no-migrate`: for those who migrate in a step of their own."""

import re

import pytest

from tests.support.own_database import Database


def test_serves_as_a_user_who_may_not_change_tables(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("CREATE ROLE service LOGIN")
        connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO service")
        connection.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO service")
        connection.execute("DELETE FROM auth_user_groups")
        connection.execute("DELETE FROM auth_user")
    with database.served("--no-migrate", user="service") as service:
        operator = service.client(service.token("operator"))
        domain = {"name": "medical", "description": "A domain under test"}
        assert operator.post("/domains", json=domain).status_code == 201
        assert service.sign_in()  # the first operator is created all the same
    assert not service.complaints


def test_refuses_a_database_that_lacks_a_migration(database: Database) -> None:
    last = database.query("SELECT name FROM django_migrations WHERE app = 'training_status' ORDER BY name DESC")[0][0]
    with database.connect() as connection:
        connection.execute("DELETE FROM django_migrations WHERE app = 'training_status' AND name = %s", (last,))
    expected = (
        f"The database is not migrated: 1 migration is missing: training_status.{last}. "
        "Run `manage.py migrate`, or serve without --no-migrate."
    )
    with pytest.raises(RuntimeError, match=re.escape(expected)), database.served("--no-migrate"):
        pass
    assert not database.query("SELECT FROM django_migrations WHERE name = %s", last)


def test_serves_a_database_of_a_newer_version(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('training_status', '9999_later', now())"
        )
    with database.served("--no-migrate") as service:
        assert service.client(service.token("viewer")).get("/domains").status_code == 200
