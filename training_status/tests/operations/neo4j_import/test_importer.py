"""Storing the runs of an export."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import transaction

from tests.support.concurrency import AWAIT_S, in_thread, wait_until_blocked
from tests.support.exported_runs import export, put_back
from tests.support.factories import DomainFactory, TrainingRunFactory, send
from tests.support.neo4j_exports import START, domain_node, has_log, lines, log_node, message, run_id, training
from tests.support.neo4j_imports import imported, stored
from training_status.forecast.earlier_runs import learn
from training_status.ingest.batch import CompleteEvent, ProgressEvent
from training_status.ingest.deletion import delete_run
from training_status.ingest.request_schemas import NewRun
from training_status.ingest.runs import start_run
from training_status.models import AuditEntry, Domain, PhaseTiming, TrainingLogEntry, TrainingRun
from training_status.operations.neo4j_import.report import DomainTaken, Refused, RunPresent, RunTaken
from training_status.phases import PHASE_NAMES
from training_status.read.run_facts import run_by_number
from training_status.serializers.status import TrainingStatusSerializer

pytestmark = pytest.mark.django_db(transaction=True)

MEDICAL = domain_node(1, "medical", entity_prompt="Find {text}", trained_at="2025-12-01T10:59Z")


def log(node_id, hour, messages=(), **properties):
    return log_node(node_id, messages, **{"started_at": f"2025-12-01T{hour}:00Z"} | properties)


@pytest.fixture
def whole() -> bytes:
    """Three runs of `medical`, the last of them first in the file; the second one is whole."""
    return lines(
        MEDICAL,
        log(13, 11, [message(90, "Late", step="saving")], status="failed", completed_at=None),
        log(12, 10, list(training())),
        log(11, "09", status="running", progress_percent=30.0),
        *(has_log(1, node) for node in (11, 12, 13)),
    )


def test_runs_are_stored_in_the_order_of_their_start(whole):
    domain, *runs = imported(whole)
    assert domain == DomainTaken("medical", True, [], None)
    assert [(run.run_number, str(run.public_id), run.entries) for run in runs] == [
        (1, run_id(11), 0), (2, run_id(12), 60), (3, run_id(13), 1),
    ]  # fmt: skip
    assert Domain.objects.get().last_run_number == 3
    first, second, third = TrainingRun.objects.order_by("run_number")
    assert (first.state, first.failure_reason, first.progress_percent) == ("failed", "lost", 30.0)
    assert (second.state, second.metrics, second.sample_count) == (
        "completed", {"entity_f1": 0.87, "training_samples": 120}, 120,
    )  # fmt: skip
    assert (third.error_message, third.ended_at) == ("Training completed successfully", START + timedelta(minutes=90))
    assert [run.result for run in (first, second, third)] == [None, {"prompts": {"entity": "Find {text}"}}, None]
    assert [timing.phase for timing in second.phase_timings.all()] == list(PHASE_NAMES)
    entry = TrainingLogEntry.objects.get(run_id=second.id, seq=10)
    assert (entry.step, entry.metrics, entry.level) == (PHASE_NAMES[1], {"f1": 0.5}, 20)
    assert (entry.phase, entry.progress_percent) == (PHASE_NAMES[1], 5.25)
    recorded = AuditEntry.objects.filter(action="imported").order_by("id").first()
    assert (recorded.name, recorded.details) == (
        "medical #1",
        {"training_run_id": run_id(11), "log_entries": 0, "exported_from": {"system": "AegisRAG", "node": "11"}},
    )


def test_a_status_shows_where_a_run_without_a_log_failed(whole):
    imported(whole)
    status = TrainingStatusSerializer(run_by_number("medical", 1)).data
    assert (status["status"], status["failure_reason"], status["progress"]) == ("failed", "lost", 30)
    assert (status["steps"][2]["status"], status["steps"][2]["progress"]) == ("failed", 57)


def test_again_it_doubles_nothing(whole):
    imported(whole)
    before = stored()
    assert imported(whole) == [
        DomainTaken("medical", False, [], None),
        *(
            RunPresent(public_id, f"medical #{number}", False)
            for number, public_id in TrainingRun.objects.order_by("run_number").values_list("run_number", "public_id")
        ),
    ]
    assert stored() == before


def test_a_dry_run_tells_the_same_and_stores_nothing(whole):
    before = stored()
    told = imported(whole, dry_run=True)
    assert stored() == before
    assert imported(whole) == told


def test_a_dry_run_counts_on_from_what_is_there(whole):
    DomainFactory(name="medical", last_run_number=4)
    told = imported(whole, dry_run=True)
    assert [part.run_number for part in told[1:]] == [5, 6, 7]
    assert imported(whole) == told


def test_a_domain_that_is_there_stays_as_it_is(whole):
    DomainFactory(name="medical", description="It was there before.", kept_days=30.0, kept_runs=9, last_run_number=4)
    domain, *_ = imported(whole)
    assert domain == DomainTaken("medical", False, [], "its newest 9 runs that are runs that ended in the last 30 days")
    assert (Domain.objects.get().description, Domain.objects.get().last_run_number) == ("It was there before.", 7)


def test_runs_that_are_older_than_those_that_are_there_say_so(whole):
    older = "It started before runs of the domain that were there already, and has a higher number"
    TrainingRunFactory(domain__name="medical", run_number=1, running=True, created_at=START - timedelta(minutes=30))
    Domain.objects.update(last_run_number=1)
    _, *runs = imported(whole)
    assert [(run.run_number, older in run.notes) for run in runs] == [(2, True), (3, False), (4, False)]


def test_a_domain_without_runs_is_created():
    assert imported(lines(domain_node(1, "Medical"))) == [
        DomainTaken("medical", True, ["Its name 'Medical' is not valid here: it is medical"], None)
    ]
    assert Domain.objects.get().description == "Everything about Medical, in a few words."


def test_a_run_of_another_domain_with_that_id_is_there_already(whole):
    TrainingRunFactory(domain__name="legal", run_number=1, public_id=run_id(12))
    assert imported(whole)[2] == RunPresent(TrainingRun.objects.get(domain__name="legal").public_id, "legal #1", False)


def test_a_run_that_was_imported_before_it_ended_is_told(whole):
    imported(whole)
    ended = lines(MEDICAL, log(11, "09", list(training())), has_log(1, 11))
    assert [part.is_outdated for part in imported(ended)[1:]] == [True]
    delete_run(TrainingRun.objects.get(run_number=1).public_id)
    assert [part.run_number for part in imported(ended)[1:]] == [4]


def test_a_lost_run_goes_on_if_somebody_reports_for_it(whole):
    """As any lost run does. Of this one no phase time is known."""
    imported(whole)
    lost = TrainingRun.objects.get(run_number=1)
    send(lost, ProgressEvent(n=1, fraction=0.9), CompleteEvent(n=2))
    lost.refresh_from_db()
    assert (lost.state, lost.current_phase) == ("completed", PHASE_NAMES[2])


def test_the_forecast_learns_from_whole_runs_only(whole):
    imported(whole)
    new = TrainingRunFactory(domain=Domain.objects.get(), run_number=9)
    assert learn(new.id).expected.runs == 1
    PhaseTiming.objects.all().delete()
    assert learn(new.id).expected is None


def test_doubtful_runs_do_not_hide_older_ones_from_the_forecast():
    doubtful = [log(node, 11, started_at=f"2025-12-02T00:{node}Z") for node in range(20, 50)]
    sure = log(12, 10, list(training()))
    imported(lines(MEDICAL, sure, *doubtful, has_log(1, 12), *(has_log(1, node) for node in range(20, 50))))
    new = TrainingRunFactory(domain=Domain.objects.get(), run_number=99)
    assert learn(new.id).expected.runs == 1


def test_imported_runs_can_be_exported_and_put_back(whole):
    imported(whole)
    for run in TrainingRun.objects.order_by("run_number"):
        file = export(run)
        delete_run(run.public_id)
        put_back(file)
        assert export(run) == file


def test_a_refused_run_leaves_the_others(whole):
    """A fault of the importer that the database notices is told like the faults of a file."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE training_status_trainingrun ADD CONSTRAINT never_fails CHECK (failure_reason <> 'lost')"
        )
    try:
        _, first, second, third = imported(whole)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE training_status_trainingrun DROP CONSTRAINT never_fails")
    assert first == Refused(f"run {run_id(11)} (line 4)", "the fields of the run contradict each other (never fails)")
    assert [type(second), type(third)] == [RunTaken, RunTaken]
    assert [second.run_number, third.run_number] == [1, 2]


def test_two_imports_at_once_store_each_run_once(whole):
    DomainFactory(name="medical")
    with ThreadPoolExecutor(2) as pool, transaction.atomic():
        Domain.objects.select_for_update().get()
        both = [pool.submit(in_thread, lambda: imported(whole)) for _ in range(2)]
        wait_until_blocked(2)
        transaction.set_rollback(True)
    told = [one.result(AWAIT_S)[1:] for one in both]
    assert sorted(run.public_id for part in told for run in part if isinstance(run, RunTaken)) == sorted(
        TrainingRun.objects.values_list("public_id", flat=True)
    )
    assert [str(one) for one in TrainingRun.objects.order_by("run_number").values_list("public_id", flat=True)] == [
        run_id(11), run_id(12), run_id(13),
    ]  # fmt: skip
    assert TrainingLogEntry.objects.count() == 61


def test_a_reporter_that_starts_a_run_meanwhile_takes_a_number(whole):
    imported(whole)
    start_run("medical", NewRun(), only_domain_id=None)
    assert TrainingRun.objects.get(state="pending").run_number == 4


def test_a_large_log_is_stored_in_parts():
    many = [message(1, "m" * 5000) for _ in range(2500)]
    told = []
    imported(lines(MEDICAL, log(11, 10, many), has_log(1, 11)), progress=lambda done, total: told.append(done / total))
    assert TrainingLogEntry.objects.count() == 2500
    assert told == sorted(told)
    assert len(told) > 5
    assert told[-1] == 1
