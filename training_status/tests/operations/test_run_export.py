"""Exporting a run and importing it again: nothing of it changes."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.support.concurrency import AWAIT_S, in_thread, wait_until_blocked
from tests.support.exported_runs import export, lines_of, put_back
from tests.support.factories import TrainingRunFactory, log_lines, new_id, send
from training_status.errors import NotFound
from training_status.ingest.batch import CompleteEvent, FailEvent, LogEvent, PhaseEvent, ProgressEvent
from training_status.ingest.deletion import delete_domain, delete_run
from training_status.ingest.events import record_heartbeat
from training_status.ingest.exported_findings import ExportedCandidate, ExportedEvaluation, ExportedModelUsage
from training_status.ingest.exported_run import ExportedDomain, ExportedEntry, ExportedPhaseTiming, ExportedRun
from training_status.ingest.runs import request_cancel
from training_status.models import (
    AuditEntry,
    Candidate,
    Domain,
    Evaluation,
    ModelUsage,
    PhaseTiming,
    TrainingLogEntry,
    TrainingRun,
)
from training_status.operations.run_export import export_run

pytestmark = pytest.mark.django_db(transaction=True)

LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)
ODD_METRICS = {
    "": 1,
    "entity.f1": 0.1,
    'a "quoted" \\ key\n': None,
    "$schema": True,
    "ключ 🔑 \u2028": "\x01\x1f\x7f\u2028\ud7ff\U0010ffff",
    "big": 2**63,
    "bigger": -(10**300),
    "largest": 1.7976931348623157e308,
    "smallest": 5e-324,
    "third": 1 / 3,
    "minus zero": -0.0,
    "whole": 100000.0,
    "1e16": 1e16,
}


def finished() -> TrainingRun:
    """A run with something in every column that a finished run can have."""
    run = TrainingRunFactory(
        domain__name="medical",
        domain__stall_limit_s=12.5,
        domain__kept_runs=7,
        domain__higher_is_better={"grip": True, "ключ 🔑": False},
        domain__cost_limit=0.1,
        domain__currency="EUR",
        domain__tokens_limit=10**15,
        cost_limit=1 / 3,
        currency="USD",
        tokens_limit=1,
        cancel_reason="the tokens limit of 1 was reached",
        run_number=3,
        optimizer="gepa",
        sample_count=2**40,
        config={"deep": [[{"a": [1, 2.5, None]}]], "ß": "\t"},
        tags=["a", "b", "a"],
        note="line\nline\u2028",
    )
    events = [
        PhaseEvent(n=1, phase="loading_data", timestamp=datetime(1, 1, 1, tzinfo=UTC)),
        ProgressEvent(n=2, fraction=0.3, message="m", metrics=ODD_METRICS, timestamp=LAST_MOMENT),
        LogEvent(n=3, level="CRITICAL", message="", step="", metrics={"x": 0.1 + 0.2}, higher_is_better={"x": False}),
        LogEvent(n=4, level="DEBUG", message="\x01" * 1000 + "\r\n{\"end\": 1}", step=None),
        PhaseEvent(n=5, phase="model_validation"),
        CompleteEvent(n=6, message="done", metrics={"f1": 0.87}, result={"prompts": {"e": "…"}, "v": [1e300, 2**70]}),
    ]  # fmt: skip
    send(run, *events, source=new_id())
    return run


def failed() -> TrainingRun:
    run = TrainingRunFactory()
    send(run, *log_lines(1, 3), FailEvent(n=4, error="no memory\nat all", metrics={"gb": 3}))
    return run


def lost() -> TrainingRun:
    run = TrainingRunFactory(lost=True)
    record_heartbeat(run.public_id)  # it went on after a provisional end
    send(run, *log_lines(1, 3))
    TrainingRun.objects.filter(id=run.id).update(state="failed", failure_reason="lost", ended_at=timezone.now())
    return run


def cancelled_by_silence() -> TrainingRun:
    """Still stored as running."""
    long_ago = timezone.now() - timedelta(hours=1)
    return TrainingRunFactory(
        state="running", created_at=long_ago, started_at=long_ago, cancel_requested_at=long_ago, note="n"
    )


def shortened() -> TrainingRun:
    run = TrainingRunFactory()
    send(run, *log_lines(1, 700), CompleteEvent(n=701))
    TrainingLogEntry.objects.filter(run=run, seq__lte=123).delete()
    TrainingRun.objects.filter(id=run.id).update(first_seq=124, info_count=700 - 123)
    return run


def emptied() -> TrainingRun:
    run = shortened()
    TrainingLogEntry.objects.filter(run=run).delete()
    TrainingRun.objects.filter(id=run.id).update(first_seq=701, info_count=0)
    return run


def never_started() -> TrainingRun:
    run = TrainingRunFactory(created_at=timezone.now() - timedelta(hours=1))
    request_cancel(run.public_id)
    return run


@pytest.mark.parametrize("make", [finished, failed, lost, cancelled_by_silence, shortened, emptied, never_started])
@pytest.mark.parametrize("remove", ["run", "domain"])
def test_exported_deleted_and_imported_it_is_the_same_byte_for_byte(make, remove):
    run = make()
    exported = export(run)
    rows = columns(run)
    if remove == "run":
        delete_run(run.public_id)
    else:
        delete_domain(run.domain.name)
    assert not TrainingRun.objects.exists()
    imported = put_back(exported)
    assert (imported.domain_name, imported.run_number) == (run.domain.name, run.run_number)
    again = TrainingRun.objects.get()
    assert columns(again) == rows
    assert export(again) == exported
    assert Domain.objects.get().last_run_number == run.run_number


def columns(run: TrainingRun) -> list:
    """Everything that is stored of a run, but its internal keys."""
    facts = TrainingRun.objects.values().get(public_id=run.public_id)
    key = facts.pop("id")
    del facts["domain_id"]
    if facts["cancel_requested_at"] and not facts["end_reported"]:
        for settled in ("state", "failure_reason", "ended_at"):
            del facts[settled]  # silence has made of it what it is when it is exported
    timings = list(PhaseTiming.objects.filter(run_id=key).values_list("phase", "started_at", "ended_at"))
    entries = TrainingLogEntry.objects.filter(run_id=key).order_by("seq")
    return [facts, timings, list(entries.values_list("seq", "timestamp", "level", "message", "step", "metrics"))]


def with_fifty_thousand_entries() -> TrainingRun:
    run = TrainingRunFactory(completed=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO training_status_traininglogentry (run_id, seq, "timestamp", level, message, step, metrics)
            SELECT %s, n, timestamptz '2026-01-01T00:00:00Z' + n * interval '1.000001 s', 20, 'line ' || n,
                   CASE WHEN n %% 3 = 0 THEN 'step' END,
                   CASE WHEN n %% 2 = 0 THEN jsonb_build_object('f1', random(), 'n', n) END
              FROM generate_series(1, 50000) n
            """,
            (run.id,),
        )
    TrainingRun.objects.filter(id=run.id).update(last_seq=50_000, info_count=50_000)
    return run


def test_fifty_thousand_entries_are_the_same_too():
    run = with_fifty_thousand_entries()
    exported = export(run)
    assert exported.count(b"\n") == 50_002
    delete_run(run.public_id)
    told = []
    put_back(exported, progress=lambda done, total: told.append((done, total)))
    assert export(run) == exported
    assert told == [(done, 50_000) for done in range(1000, 50_001, 1000)]


def test_a_long_log_is_never_in_memory_as_a_whole():
    run = with_fifty_thousand_entries()
    exported = export(run)
    delete_run(run.public_id)
    tracemalloc.start()
    try:
        put_back(exported)
        assert sum(len(line) for line in export_run(run.public_id)) == len(exported)
        assert tracemalloc.get_traced_memory()[1] < len(exported) / 2  # `exported` is older than that
    finally:
        tracemalloc.stop()


def test_what_is_exported_is_of_one_moment():
    """The run is written to, shortened and deleted while its export is read."""
    run = TrainingRunFactory()
    send(run, *log_lines(1, 600))
    lines = export_run(run.public_id)
    first = next(lines)

    def change() -> None:
        send(run, *log_lines(601, 300), CompleteEvent(n=901))
        TrainingLogEntry.objects.filter(run=run, seq__lte=100).delete()
        TrainingRun.objects.filter(id=run.id).update(first_seq=101, info_count=800)
        delete_run(run.public_id)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(in_thread, change).result(AWAIT_S)
    header, *entries, trailer = lines_of(first + b"".join(lines))
    assert (header["run"]["state"], header["run"]["last_seq"]) == ("running", 600)
    assert [entry["message"] for entry in entries] == [str(n) for n in range(1, 601)]
    assert trailer["entries"] == 600


def test_an_export_that_is_broken_off_leaves_no_transaction():
    run = TrainingRunFactory()
    send(run, *log_lines(1, 600))
    lines = export_run(run.public_id)
    next(lines)
    assert connection.in_atomic_block
    lines.close()
    assert not connection.in_atomic_block
    send(run, *log_lines(601, 1))


def test_an_open_ingest_is_waited_for():
    run = TrainingRunFactory()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            send(run, *log_lines(1, 1))
            reader = pool.submit(in_thread, lambda: export(run))
            wait_until_blocked()
        assert lines_of(reader.result(AWAIT_S))[-1]["entries"] == 1


def test_it_is_recorded_with_its_size_and_without_its_config():
    run = finished()
    export(run)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.name) == ("exported", "run", "medical #3")
    assert entry.details == {"training_run_id": str(run.public_id), "log_entries": 6}


def test_an_unknown_run_is_not_found_and_not_recorded():
    run = TrainingRunFactory()
    with pytest.raises(NotFound):
        export_run(new_id())
    with pytest.raises(NotFound):
        export_run(run.public_id, only_domain_id=run.domain_id + 1)
    assert not AuditEntry.objects.exists()


def test_no_stored_fact_is_left_out():
    def stored(model):
        return {field.column for field in model._meta.concrete_fields}

    of_findings = {"best", "usage", "usage_estimate"}
    assert set(ExportedRun.__struct_encode_fields__) == stored(TrainingRun) - {"id", "domain_id"} - of_findings
    assert set(ExportedPhaseTiming.__struct_encode_fields__) == stored(PhaseTiming) - {"id", "run_id"}
    assert set(ExportedEntry.__struct_encode_fields__) == stored(TrainingLogEntry) - {"run_id"}
    of_its_runs = {"last_run_number", "baseline_run_number"}
    assert set(ExportedDomain.__struct_encode_fields__) == stored(Domain) - {"id", "created_at"} - of_its_runs
    assert set(ExportedCandidate.__struct_encode_fields__) == stored(Candidate) - {"run_id", "digest"}
    assert set(ExportedEvaluation.__struct_encode_fields__) == stored(Evaluation) - {"run_id"}
    assert set(ExportedModelUsage.__struct_encode_fields__) == stored(ModelUsage) - {"id", "run_id"}
