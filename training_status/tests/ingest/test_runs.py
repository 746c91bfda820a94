"""Starting, changing, cancelling and deleting runs and domains."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, new_id, send
from training_status.access.tokens import create_token
from training_status.errors import Conflict, NotFound
from training_status.ingest.deletion import delete_domain, delete_run
from training_status.ingest.domains import change_domain, create_domain
from training_status.ingest.events import record_heartbeat
from training_status.ingest.request_schemas import DomainChange, NewDomain, NewRun, RunChange
from training_status.ingest.runs import change_run, request_cancel, start_run
from training_status.models import AccessToken, Domain, PhaseTiming, TrainingLogEntry, TrainingRun

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def again(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(id=run.id)


def test_a_run_starts_pending_with_what_it_was_given():
    domain = DomainFactory(llm_model="llama4")
    started = start_run(domain.name, NewRun(optimizer="gepa", sample_count=80, config={"a": [1]}, tags=["x"], note="n"))
    run = TrainingRun.objects.get(public_id=started.public_id)
    assert (run.state, run.run_number, run.llm_model) == ("pending", 1, "llama4")
    assert (run.optimizer, run.sample_count, run.config, run.tags, run.note) == ("gepa", 80, {"a": [1]}, ["x"], "n")


def test_the_same_start_again_finds_the_run_whatever_its_state():
    run = TrainingRunFactory(completed=True)
    started = start_run(run.domain.name, NewRun(id=run.public_id))
    assert (started.public_id, started.created) == (run.public_id, False)
    assert again(run).state == "completed"


def test_an_id_of_another_domain_is_taken():
    run = TrainingRunFactory()
    with pytest.raises(Conflict) as caught:
        start_run(DomainFactory().name, NewRun(id=run.public_id))
    assert caught.value.code == "run_id_taken"


def test_a_run_number_is_never_used_again():
    domain = DomainFactory()
    first = start_run(domain.name, NewRun())
    TrainingRun.objects.filter(public_id=first.public_id).update(
        state="failed", failure_reason="lost", ended_at=timezone.now()
    )
    delete_run(first.public_id)
    second = start_run(domain.name, NewRun())
    assert TrainingRun.objects.get(public_id=second.public_id).run_number == 2


def test_tags_and_note_change_and_what_is_not_named_stays():
    run = TrainingRunFactory(tags=["a"], note="before")
    change_run(run.public_id, RunChange(note="after"))
    assert (again(run).tags, again(run).note) == (["a"], "after")


def test_a_cancel_asks_a_reporter_that_is_there():
    run = TrainingRunFactory(running=True)
    request_cancel(run.public_id)
    assert (again(run).state, again(run).cancel_requested_at is None) == ("running", False)
    assert record_heartbeat(run.public_id).cancel_requested


def test_a_cancel_with_nobody_reporting_ends_the_run_at_once():
    run = TrainingRunFactory(running=True, current_phase="loading_data", created_at=timezone.now() - 2 * MINUTE)
    PhaseTiming.objects.create(run=run, phase="loading_data", started_at=run.started_at)
    request_cancel(run.public_id)
    stored = again(run)
    assert (stored.state, stored.failure_reason, stored.end_reported) == ("failed", "cancelled", False)
    assert stored.ended_at == stored.cancel_requested_at == PhaseTiming.objects.get(run=run).ended_at


def test_a_cancel_asked_again_changes_nothing():
    run = TrainingRunFactory(created_at=timezone.now() - 2 * MINUTE)
    request_cancel(run.public_id)
    first = again(run)
    request_cancel(run.public_id)
    assert again(run).cancel_requested_at == first.cancel_requested_at


@pytest.mark.parametrize("trait", ["completed", "lost"])
def test_a_finished_run_cannot_be_cancelled(trait):
    run = TrainingRunFactory(**{trait: True})
    with pytest.raises(Conflict) as caught:
        request_cancel(run.public_id)
    assert caught.value.code == "run_finished"


def test_a_cancelled_run_goes_on_with_events_and_with_nothing_less():
    run = TrainingRunFactory(created_at=timezone.now() - 2 * MINUTE)
    request_cancel(run.public_id)
    assert record_heartbeat(run.public_id).status == "failed"
    assert send(run).status == "failed"
    receipt = send(run, *log_lines(1, 1))
    assert (receipt.status, receipt.cancel_requested) == ("training", True)


def test_what_silence_after_a_cancel_has_made_of_a_run_is_stored_with_the_next_report():
    run = TrainingRunFactory(running=True, current_phase="loading_data")
    PhaseTiming.objects.create(run=run, phase="loading_data", started_at=run.started_at)
    request_cancel(run.public_id)
    with time_machine.travel(timezone.now() + 2 * MINUTE):
        assert record_heartbeat(run.public_id).status == "failed"
        stored = again(run)
        assert (stored.state, stored.failure_reason) == ("failed", "cancelled")
        assert stored.ended_at == stored.cancel_requested_at == PhaseTiming.objects.get(run=run).ended_at
        assert send(run, *log_lines(1, 1)).status == "training"
    assert PhaseTiming.objects.get(run=run).ended_at is None


def test_silence_is_measured_by_the_domains_own_limit():
    patient, usual = [TrainingRunFactory(domain=DomainFactory(stall_limit_s=limit)) for limit in (300, None)]
    for run in (patient, usual):
        request_cancel(run.public_id)
    with time_machine.travel(timezone.now() + 2 * MINUTE):
        for delete in (lambda: delete_run(patient.public_id), lambda: delete_domain(patient.domain.name)):
            with pytest.raises(Conflict):
                delete()
        assert record_heartbeat(usual.public_id).status == "failed"
        assert record_heartbeat(patient.public_id).status == "pending"
    with time_machine.travel(timezone.now() + 8 * MINUTE):
        delete_domain(patient.domain.name)


def test_events_after_the_silence_that_followed_a_cancel_leave_its_phase_open():
    run = TrainingRunFactory(running=True, current_phase="loading_data")
    PhaseTiming.objects.create(run=run, phase="loading_data", started_at=run.started_at)
    request_cancel(run.public_id)
    with time_machine.travel(timezone.now() + 2 * MINUTE):
        assert send(run, *log_lines(1, 1)).status == "training"
    assert PhaseTiming.objects.get(run=run).ended_at is None


def test_a_lost_run_goes_on_when_its_start_is_sent_again():
    run = TrainingRunFactory()
    send(run, *log_lines(1, 5))
    TrainingRun.objects.filter(id=run.id).update(state="failed", failure_reason="lost", ended_at=timezone.now())
    assert not start_run(run.domain.name, NewRun(id=run.public_id)).created
    assert TrainingRun.objects.get(id=run.id).state == "running"


def test_a_run_is_deleted_with_its_log():
    run = TrainingRunFactory()
    send(run, *log_lines(1, 5))
    TrainingRun.objects.filter(id=run.id).update(state="failed", failure_reason="lost", ended_at=timezone.now())
    delete_run(run.public_id)
    assert not TrainingRun.objects.filter(id=run.id).exists()
    assert not TrainingLogEntry.objects.filter(run_id=run.id).exists()


def test_an_active_run_is_not_deleted():
    run = TrainingRunFactory(running=True)
    for delete in (lambda: delete_run(run.public_id), lambda: delete_domain(run.domain.name)):
        with pytest.raises(Conflict) as caught:
            delete()
        assert caught.value.code == "run_active"


def test_a_run_that_went_silent_after_a_cancel_can_be_deleted():
    run = TrainingRunFactory(running=True)
    request_cancel(run.public_id)
    with time_machine.travel(timezone.now() + 2 * MINUTE):
        delete_run(run.public_id)
    assert not TrainingRun.objects.filter(id=run.id).exists()


def test_a_domain_is_deleted_with_its_runs_and_tokens_and_nobody_elses():
    run, other = TrainingRunFactory(completed=True), TrainingRunFactory(completed=True)
    create_token("bound", "viewer", domain=run.domain)
    delete_domain(run.domain.name)
    assert list(Domain.objects.all()) == [other.domain]
    assert list(TrainingRun.objects.all()) == [other]
    assert not AccessToken.objects.exists()


def test_a_name_is_given_once():
    new = NewDomain(name="medical", description="Medical texts.")
    create_domain(new)
    with pytest.raises(Conflict) as caught:
        create_domain(new)
    assert caught.value.code == "domain_exists"


def test_a_domain_changes_in_what_is_named():
    domain = DomainFactory()
    change_domain(domain.name, DomainChange(llm_model="llama4"))
    domain.refresh_from_db()
    assert (domain.llm_model, domain.description) == ("llama4", "A domain made for a test.")


def test_a_limit_of_a_domain_is_set_and_taken_back():
    domain = DomainFactory()
    change_domain(domain.name, DomainChange(stall_limit_s=90.5, kept_runs=3))
    domain.refresh_from_db()
    assert (domain.stall_limit_s, domain.hang_limit_s, domain.kept_runs) == (90.5, None, 3)
    change_domain(domain.name, DomainChange(stall_limit_s=None))
    domain.refresh_from_db()
    assert (domain.stall_limit_s, domain.kept_runs) == (None, 3)


def test_what_is_not_there_is_not_found():
    other = DomainFactory()
    run = TrainingRunFactory()
    for action in (
        lambda: start_run("nowhere", NewRun()),
        lambda: start_run(run.domain.name, NewRun(), only_domain_id=other.id),
        lambda: change_domain("nowhere", DomainChange()),
        lambda: delete_domain(run.domain.name, only_domain_id=other.id),
        lambda: change_run(new_id(), RunChange()),
        lambda: request_cancel(run.public_id, only_domain_id=other.id),
        lambda: delete_run(run.public_id, only_domain_id=other.id),
    ):
        with pytest.raises(NotFound):
            action()


def test_the_limits_of_a_domain_change_and_null_takes_one_away():
    domain = DomainFactory(stall_limit_s=5.0, kept_runs=3)
    change_domain(domain.name, DomainChange(stall_limit_s=None, hang_limit_s=90.0, kept_days=0.5))
    domain.refresh_from_db()
    limits = (domain.stall_limit_s, domain.hang_limit_s, domain.lost_limit_s, domain.kept_runs, domain.kept_days)
    assert limits == (None, 90.0, None, 3, 0.5)
