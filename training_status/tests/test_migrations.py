"""An upgrade of a database with data keeps all of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.ingest.batch import Batch, LogEvent, PhaseEvent, ProgressEvent
from training_status.ingest.events import append_training_log_message, record_events
from training_status.live.update import log_messages
from training_status.models import Domain, TrainingRun
from training_status.read.logs import LogFilter, RunLog
from training_status.read.run_facts import latest_run

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def earlier_release(migration: str) -> Iterator[None]:
    """The tables as they were after this migration; then they are upgraded again."""
    call_command("migrate", "training_status", migration, verbosity=0)
    try:
        yield
    finally:
        call_command("migrate", verbosity=0)


def rows_of(model: str, *, key: str = "id") -> list[dict]:
    """All rows of a table as JSON, in the order of their keys."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(stored)::text FROM training_status_{model} AS stored ORDER BY {key}")
        return [json.loads(row) for (row,) in cursor.fetchall()]


def assert_kept(before: list[dict], after: list[dict]) -> None:
    """The same rows, with the same value in every column that was there."""
    assert [{name: row[name] for name in earlier} for earlier, row in zip(before, after, strict=True)] == before


def test_directions_of_metrics_are_added_to_what_is_there(viewer):
    domain = DomainFactory(name="medical", kept_days=2.5)
    for number in (1, 2):
        TrainingRunFactory(domain=domain, completed=True, run_number=number, metrics={"f1": 0.5, "grip": number})
    with earlier_release("0009"):
        domains, runs = rows_of("domain"), rows_of("trainingrun")
        # A process of the earlier release, which does not know the column, may still write after the upgrade.
        columns = ", ".join(f'"{name}"' for name in domains[0] if name != "id")
    assert_kept(domains, rows_of("domain"))
    assert_kept(runs, rows_of("trainingrun"))
    assert [len(domains), len(runs)] == [1, 2]
    assert [run.higher_is_better for run in TrainingRun.objects.all()] == [{}, {}]
    with connection.cursor() as cursor:
        changed = columns.replace('"name"', "'legal'")
        cursor.execute(f"INSERT INTO training_status_domain ({columns}) SELECT {changed} FROM training_status_domain")
    assert Domain.objects.get(name="legal").higher_is_better == {}
    status = viewer.get("/api/v1/admin/domains/medical/training-status").json()
    assert (status["metrics"], status["higher_is_better"]) == ({"f1": 0.5, "grip": 2}, {"f1": True})


def test_a_log_without_progress_is_kept_and_told(viewer):
    """Entries of earlier releases are taken to be at the beginning of their step's phase, or else of the run."""
    run = TrainingRunFactory(domain=DomainFactory(name="medical"))
    events = [
        PhaseEvent(n=1, phase="loading_data"),
        ProgressEvent(n=2, fraction=0.5, message="half", metrics={"f1": 0.5}),
        LogEvent(n=3, level="WARNING", message="own step", step="warm-up"),
        LogEvent(n=4, level="INFO", message="no step"),
    ]
    record_events(run.public_id, Batch(events=events))
    with earlier_release("0011"):
        runs, entries = rows_of("trainingrun"), rows_of("traininglogentry", key="seq")
    assert_kept(runs, rows_of("trainingrun"))
    assert_kept(entries, rows_of("traininglogentry", key="seq"))
    assert len(entries) == 4

    append_training_log_message(run, "2026-01-20T15:05:00Z", "INFO", "after the upgrade")
    facts = latest_run("medical")
    lines = RunLog("medical", facts, LogFilter(ascending=True)).window(0, 100).lines
    envelopes = [json.loads(one.json) for one in log_messages(facts, 0, lines, facts.created_at)]
    assert [(one["phase"], one["progress_percent"], one["message"]) for one in envelopes] == [
        ("loading_data", 5.0, "Phase loading_data"),
        ("loading_data", 5.0, "half"),
        ("initialization", 0.0, "own step"),
        ("initialization", 0.0, "no step"),
        ("loading_data", 7.5, "after the upgrade"),
    ]
