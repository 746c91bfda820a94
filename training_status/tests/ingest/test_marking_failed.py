"""Ending a run whose reporter will not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.support.factories import TrainingRunFactory, log_lines, new_id, send
from training_status.errors import Conflict, InvalidInput, NotFound
from training_status.ingest.batch import CompleteEvent, PhaseEvent
from training_status.ingest.events import record_heartbeat
from training_status.ingest.runs import mark_failed
from training_status.models import AuditEntry, PhaseTiming, TrainingRun

pytestmark = pytest.mark.django_db


def again(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(id=run.id)


def test_a_started_run_is_failed_for_good():
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase="loading_data"))
    mark_failed(run.public_id, reason_text="Marked as failed by olga: it hangs")
    stored = again(run)
    assert (stored.state, stored.failure_reason, stored.end_reported) == ("failed", "error", True)
    assert stored.error_message == "Marked as failed by olga: it hangs"
    assert stored.ended_at == PhaseTiming.objects.get(run=run).ended_at
    assert stored.last_seq == 1  # the log is the reporter's
    with pytest.raises(Conflict) as caught:
        send(run, *log_lines(2, 1))
    assert caught.value.code == "run_finished"
    assert record_heartbeat(run.public_id).status == "failed"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.name) == ("failed", "run", str(run))
    assert entry.details["reason"] == "Marked as failed by olga: it hangs"


def test_a_run_not_started_is_cancelled_instead():
    run = TrainingRunFactory(created_at=timezone.now() - timedelta(minutes=2))
    mark_failed(run.public_id, reason_text="it never came")
    assert (again(run).state, again(run).failure_reason, again(run).error_message) == ("failed", "cancelled", None)
    assert [entry.action for entry in AuditEntry.objects.all()] == ["cancelled"]
    reported_just_now = TrainingRunFactory()
    mark_failed(reported_just_now.public_id, reason_text="too late")
    assert again(reported_just_now).state == "pending"
    assert again(reported_just_now).cancel_requested_at is not None


@pytest.mark.parametrize("trait", ["completed", "lost"])
def test_a_finished_run_stays_what_it_is(trait):
    run = TrainingRunFactory(**{trait: True})
    with pytest.raises(Conflict, match="already: it cannot be marked as failed"):
        mark_failed(run.public_id, reason_text="x")
    assert again(run).error_message is None


@pytest.mark.parametrize("text", ["a\0b", "x" * (64 * 1024 + 1)])
def test_a_text_that_cannot_be_stored_changes_nothing(text):
    run = TrainingRunFactory(running=True)
    with pytest.raises(InvalidInput):
        mark_failed(run.public_id, reason_text=text)
    assert again(run).state == "running"


def test_an_unknown_run_is_not_found():
    with pytest.raises(NotFound):
        mark_failed(new_id(), reason_text="x")


def test_the_reporters_own_end_comes_first():
    run = TrainingRunFactory()
    send(run, CompleteEvent(n=1))
    with pytest.raises(Conflict):
        mark_failed(run.public_id, reason_text="x")
    assert again(run).state == "completed"
