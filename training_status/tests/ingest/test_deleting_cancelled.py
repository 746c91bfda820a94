"""A run that was cancelled without its reporter's word is deleted only when the reporter cannot be there any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, send
from training_status.errors import Conflict
from training_status.ingest.batch import FailEvent
from training_status.ingest.deletion import delete_domain, delete_run
from training_status.ingest.events import record_heartbeat
from training_status.ingest.runs import request_cancel
from training_status.models import Domain, ServicePresence, TrainingRun

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as travelling:
        yield lambda seconds: travelling.move_to(NOW + seconds * SECOND)


@pytest.fixture
def cancelled(clock) -> TrainingRun:
    """A run last heard of at NOW and cancelled at once an hour later; the service is there again for ten seconds."""
    run = TrainingRunFactory(domain=DomainFactory(name="medical", stall_limit_s=20), running=True)
    clock(3600)
    ServicePresence.objects.create(since=NOW + 3590 * SECOND, seen_at=NOW + 3600 * SECOND)
    request_cancel(run.public_id)
    assert TrainingRun.objects.get().failure_reason == "cancelled"
    return run


def seen(until_s: float) -> None:
    ServicePresence.objects.update(seen_at=NOW + until_s * SECOND)


DELETIONS = pytest.mark.parametrize(
    "delete", [lambda run: delete_run(run.public_id), lambda run: delete_domain("medical")], ids=["run", "domain"]
)


@DELETIONS
@pytest.mark.parametrize("is_stored", [True, False])
def test_after_an_absence_of_the_service_it_is_deleted_only_after_the_stall_limit(clock, cancelled, delete, is_stored):
    if not is_stored:
        TrainingRun.objects.update(state="running", failure_reason=None, ended_at=None)
    with pytest.raises(Conflict, match="its reporter may still be running") as refusal:
        delete(cancelled)
    assert refusal.value.code == "run_active"
    assert send(cancelled, *log_lines(1, 1)).status == "training"  # it was there
    clock(3609.9)
    seen(3609)
    TrainingRun.objects.update(state="failed", failure_reason="cancelled", ended_at=NOW, last_report_at=NOW)
    with pytest.raises(Conflict):
        delete(cancelled)
    clock(3610)
    delete(cancelled)
    assert not TrainingRun.objects.exists()


@DELETIONS
def test_one_that_still_sends_heartbeats_is_not_deleted(clock, cancelled, delete):
    clock(3700)
    seen(3700)
    record_heartbeat(cancelled.public_id)
    assert TrainingRun.objects.get().failure_reason == "cancelled"
    with pytest.raises(Conflict, match="its reporter may still be running"):
        delete(cancelled)
    clock(3720)
    seen(3720)
    delete(cancelled)
    assert not TrainingRun.objects.exists()


@DELETIONS
def test_the_reporters_own_end_is_enough(cancelled, delete):
    send(cancelled, FailEvent(n=1, error="stopped as asked"))
    delete(cancelled)
    assert not TrainingRun.objects.exists()


@DELETIONS
def test_where_nobody_notes_presence_the_clock_alone_counts(cancelled, delete):
    ServicePresence.objects.all().delete()
    delete(cancelled)
    assert not TrainingRun.objects.exists()
    assert Domain.objects.count() <= 1
