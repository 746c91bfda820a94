"""An upgrade of a database with data keeps all of it."""

import json

import pytest
from django.core.management import call_command
from django.db import connection

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.models import Domain, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)


def rows_of(table: str, *, without: str) -> list[dict]:
    """All rows of a table as JSON, without one column, in the order of their keys."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(stored)::text FROM {table} AS stored ORDER BY id")
        rows = [json.loads(row) for (row,) in cursor.fetchall()]
    return [{name: value for name, value in row.items() if name != without} for row in rows]


def stored() -> list[list[dict]]:
    return [rows_of(f"training_status_{table}", without="higher_is_better") for table in ("domain", "trainingrun")]


def test_directions_of_metrics_are_added_to_what_is_there(viewer):
    domain = DomainFactory(name="medical", kept_days=2.5)
    for number in (1, 2):
        TrainingRunFactory(domain=domain, completed=True, run_number=number, metrics={"f1": 0.5, "grip": number})
    call_command("migrate", "training_status", "0009", verbosity=0)
    try:
        before = stored()
        # A process of the earlier release, which does not know the column, may still write after the upgrade.
        columns = ", ".join(f'"{name}"' for name in before[0][0] if name != "id")
    finally:
        call_command("migrate", verbosity=0)
    assert stored() == before
    assert [len(rows) for rows in before] == [1, 2]
    assert [run.higher_is_better for run in TrainingRun.objects.all()] == [{}, {}]
    with connection.cursor() as cursor:
        changed = columns.replace('"name"', "'legal'")
        cursor.execute(f"INSERT INTO training_status_domain ({columns}) SELECT {changed} FROM training_status_domain")
    assert Domain.objects.get(name="legal").higher_is_better == {}
    status = viewer.get("/api/v1/admin/domains/medical/training-status").json()
    assert (status["metrics"], status["higher_is_better"]) == ({"f1": 0.5, "grip": 2}, {"f1": True})
