"""Statements that ride with a COMMIT: what becomes of them, and of the commit, whatever fails."""

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from aegis_training.postgresql.piggybacked_statements import PiggybackedStatement
from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.models import Domain, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)

LOCKED = "SELECT pg_advisory_lock(4711)"
"""A lock of the session, so that one can see afterwards whether a statement was carried out."""


class Passenger(PiggybackedStatement):
    def __init__(self, statement: str | None = LOCKED) -> None:
        self.statement = statement
        self.told: list[object] = []

    def prepare(self) -> str | None:
        self.told.append("prepare")
        return self.statement

    def finished(self, *, succeeded: bool) -> None:
        self.told.append(succeeded)

    def __call__(self) -> None:
        self.told.append("committed")


def locks_held() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        (count,) = cursor.fetchone()
        cursor.execute("SELECT pg_advisory_unlock_all()")
    return count


def test_it_is_carried_out_with_the_commit():
    statement = Passenger()
    with transaction.atomic():
        domain = DomainFactory()
        transaction.on_commit(statement)
        assert statement.told == []
    assert statement.told == ["prepare", True, "committed"]
    assert locks_held() == 1
    assert Domain.objects.filter(id=domain.id).exists()


def test_one_that_stays_behind_is_only_called():
    statement = Passenger(None)
    with transaction.atomic():
        DomainFactory()
        transaction.on_commit(statement)
    assert statement.told == ["prepare", "committed"]


def test_the_commit_stands_when_the_statement_fails_and_those_behind_it_are_told():
    first, failing, last = Passenger(), Passenger("SELECT 1 / 0"), Passenger()
    with transaction.atomic():
        domain = DomainFactory()
        for statement in (first, failing, last):
            transaction.on_commit(statement)
    assert [statement.told for statement in (first, failing, last)] == [
        ["prepare", True, "committed"],
        ["prepare", False, "committed"],
        ["prepare", False, "committed"],
    ]
    assert locks_held() == 1
    assert Domain.objects.filter(id=domain.id).exists()


def test_nothing_rides_with_a_commit_that_fails():
    statement = Passenger()

    @transaction.atomic
    def break_a_rule_that_is_checked_at_the_commit() -> None:
        run = TrainingRunFactory()
        TrainingRun.objects.filter(id=run.id).update(domain_id=run.domain_id + 1000)
        transaction.on_commit(statement)

    with pytest.raises(IntegrityError):
        break_a_rule_that_is_checked_at_the_commit()
    assert statement.told == ["prepare", False]
    assert locks_held() == 0
    assert not TrainingRun.objects.exists()


def test_nothing_rides_after_a_rollback_whole_or_in_part():
    whole, part, kept = Passenger(), Passenger(), Passenger(None)
    with transaction.atomic():
        DomainFactory()
        transaction.on_commit(kept)
        with transaction.atomic():
            transaction.on_commit(part)
            transaction.set_rollback(True)
    with transaction.atomic():
        DomainFactory()
        transaction.on_commit(whole)
        transaction.set_rollback(True)
    assert (whole.told, part.told, kept.told) == ([], [], ["prepare", "committed"])
    assert locks_held() == 0


def test_a_connection_that_is_lost_at_the_commit_is_an_error_as_ever():
    statement = Passenger()

    @transaction.atomic
    def lose_the_connection() -> None:
        DomainFactory(name="never_there")
        transaction.on_commit(statement)
        end_this_connection()

    with pytest.raises(OperationalError):
        lose_the_connection()
    assert statement.told == ["prepare", False]
    assert not Domain.objects.filter(name="never_there").exists()


def test_a_transaction_that_asked_nothing_has_nothing_to_ride_with():
    statement = Passenger()
    with transaction.atomic():
        transaction.on_commit(statement)
    assert statement.told == ["committed"]


def end_this_connection() -> None:
    """Have the server end the connection of the transaction that is open, as an administrator does."""
    pid = connection.connection.info.backend_pid
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    finally:
        other.close()
