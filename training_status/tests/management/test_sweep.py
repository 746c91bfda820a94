"""`manage.py sweep` and `manage.py prune`: what they say, and how they end."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from tests.support.concurrency import AWAIT_S, in_thread
from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, send
from tests.support.project import PROJECT
from training_status.models import AuditEntry, ServicePresence, TrainingLogEntry, TrainingRun
from training_status.operations.sweep_lock import acquire_sweep_lock

HOUR = timedelta(hours=1)


def said(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.fixture
def silent(db):
    """A run that nobody has reported on for an hour."""
    return TrainingRunFactory(running=True, created_at=timezone.now() - HOUR)


def test_a_sweep_gives_up_when_the_service_was_there(silent):
    now = timezone.now()
    ServicePresence.objects.create(since=now - HOUR, seen_at=now)
    assert said("sweep").startswith("Silent runs ended: 1 lost, 0 cancelled.\nThe service has been reachable for 1 h")
    assert TrainingRun.objects.get().failure_reason == "lost"
    assert not AuditEntry.objects.exists()  # the service does so by itself


def test_a_run_that_cannot_be_ended_is_named_and_the_command_fails(silent):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE training_status_trainingrun ADD CONSTRAINT never_ends CHECK (state = 'running') NOT VALID"
        )
    err = StringIO()
    with pytest.raises(CommandError, match=r"Silent runs that could not be ended: 1; all others were ended\."):
        call_command("sweep", "--assume-reachable", stdout=StringIO(), stderr=err)
    assert "never_ends" in err.getvalue()


def test_a_sweep_notes_no_presence_and_gives_up_nobody_without(silent):
    assert said("sweep").splitlines() == [
        "Silent runs ended: 0 lost, 0 cancelled.",
        "No serving process has recorded its uptime: no run ends until one has, for the limit.",
    ]
    assert not ServicePresence.objects.exists()
    assert not AuditEntry.objects.exists()
    for lost in (1, 0):
        assert said("sweep", "--assume-reachable") == f"Silent runs ended: {lost} lost, 0 cancelled.\n"
    entry = AuditEntry.objects.get()
    assert (entry.actor_kind, entry.action, entry.subject, entry.name) == ("command", "failed", "run", str(silent))
    assert entry.details["reason"] == "lost"
    assert entry.details["assumed_reachable"]
    assert not ServicePresence.objects.exists()


def test_a_sweep_removes_a_share_of_old_logs(silent):
    silent.domain.kept_days = 0.01
    silent.domain.save()
    send(silent, *log_lines(1, 7))
    TrainingRun.objects.update(state="failed", failure_reason="lost", ended_at=timezone.now() - HOUR)
    assert "Log entries removed by retention: 7." in said("sweep")
    assert not TrainingLogEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_sweep_beside_another_ends_with_a_code_of_its_own():
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert acquire_sweep_lock()
        with pytest.raises(CommandError) as caught:
            pool.submit(in_thread, lambda: said("sweep")).result(AWAIT_S)
    assert caught.value.returncode == 3


@pytest.mark.django_db
def test_a_prune_says_what_it_would_do_and_what_it_did():
    for name in ("legal", "medical"):
        domain = DomainFactory(name=name, kept_runs=1)
        for number in (1, 2, 3):
            run = TrainingRunFactory(domain=domain, run_number=number)
            send(run, *log_lines(1, 10))
            TrainingRun.objects.filter(id=run.id).update(state="failed", failure_reason="lost", ended_at=timezone.now())
    assert said("prune", "--dry-run").splitlines() == [
        "legal: 20 log entries of 2 runs",
        "medical: 20 log entries of 2 runs",
        "To be removed: 40 log entries of 4 runs. Nothing was removed.",
    ]
    assert TrainingLogEntry.objects.count() == 60
    assert not AuditEntry.objects.exists()
    assert said("prune") == "Removed: 40 log entries.\n"
    assert TrainingLogEntry.objects.count() == 20
    assert said("prune") == "Removed: 0 log entries.\n"
    told = AuditEntry.objects.order_by("id").values_list("actor_kind", "action", "subject", "name", "details")
    assert list(told) == [
        ("command", "deleted", "log", name, {"runs": 2, "log_entries": 20}) for name in ("legal", "medical")
    ]
    assert AuditEntry.objects.earliest("id").actor.startswith("prune by ")


@pytest.mark.parametrize("command", ["sweep", "prune"])
def test_a_database_that_cannot_be_reached_is_one_sentence_and_code_1(command, tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=PROJECT,
        env={"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "AEGIS_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The database cannot be used: ")
    assert "Traceback" not in done.stderr
