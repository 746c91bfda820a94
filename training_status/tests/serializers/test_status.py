"""The status object, by the contract's table and with a frozen clock."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.factories import DomainFactory, TrainingRunFactory, send
from training_status.ingest.batch import CompleteEvent, FailEvent, PhaseEvent, ProgressEvent
from training_status.models import TrainingRun
from training_status.read.history import runs_of_domain
from training_status.read.run_facts import latest_run, run_by_public_id
from training_status.serializers.history import TrainingHistorySerializer
from training_status.serializers.status import TrainingStatusSerializer

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENTITY = "entity_extraction_optimization"


def status(run: TrainingRun, now: datetime = NOW) -> dict:
    return TrainingStatusSerializer(context={"now": now}).to_representation(run_by_public_id(run.public_id))


def running(percent: float, *, started: timedelta = 10 * MINUTE, **values) -> TrainingRun:
    return TrainingRunFactory(
        running=True,
        created_at=NOW - started,
        last_report_at=values.pop("last_report_at", NOW),
        last_event_at=values.pop("last_event_at", NOW),
        progress_percent=percent,
        current_phase=values.pop("current_phase", ENTITY),
        **values,
    )


def test_a_running_run_in_full():
    run = running(25.0, message="trial 4 of 10", metrics={"entity_f1": 0.71})
    assert status(run) == {
        "domain_name": run.domain.name,
        "training_run_id": str(run.public_id),
        "run_number": run.run_number,
        "status": "training",
        "progress": 25,
        "progress_percent": 25.0,
        "current_step": ENTITY,
        "steps": [
            {"name": "initialization", "status": "completed", "progress": 100, "share": 5.0},
            {"name": "loading_data", "status": "completed", "progress": 100, "share": 5.0},
            {"name": ENTITY, "status": "in_progress", "progress": 43, "share": 35.0},
            {"name": "relation_extraction_optimization", "status": "pending", "progress": 0, "share": 35.0},
            {"name": "prompt_extraction", "status": "pending", "progress": 0, "share": 5.0},
            {"name": "model_validation", "status": "pending", "progress": 0, "share": 10.0},
            {"name": "saving_results", "status": "pending", "progress": 0, "share": 5.0},
        ],
        "message": "trial 4 of 10",
        "metrics": {"entity_f1": 0.71},
        "baseline_metrics": None,
        "baseline_run_number": None,
        "higher_is_better": {"entity_f1": True},
        "started_at": "2026-01-20T14:55:00Z",
        "estimated_completion": "2026-01-20T15:35:00Z",
        "forecast": None,
        "elapsed_time_ms": 600_000,
        "completed_at": None,
        "last_report_at": "2026-01-20T15:05:00Z",
        "health": "ok",
        "failure_reason": None,
        "error_message": None,
        "error": None,
        "cancel_requested": False,
        "cancel_reason": None,
        "best": None,
        "usage": {
            "calls": 0,
            "cached_calls": 0,
            "errors": 0,
            "input_tokens": 0,
            "output_tokens": 0,
            "cached_input_tokens": 0,
            "reasoning_tokens": 0,
            "unpriced_calls": 0,
            "cost": None,
            "currency": None,
            "duration_ms": 0.0,
        },
        "budget": None,
        "usage_forecast": None,
    }


def test_every_declared_field_is_there_and_no_other():
    assert set(status(running(1.0))) == set(TrainingStatusSerializer().fields)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (50.0, "2026-01-20T15:15:00Z"),
        (80.0, "2026-01-20T15:07:30Z"),
        (100.0, "2026-01-20T15:05:00Z"),
        (0.0, None),
        (1e-300, None),  # beyond the calendar
        (3.0, "2026-01-20T20:28:20Z"),
    ],
)
def test_the_estimate_is_now_plus_the_pace_so_far(percent, expected):
    assert status(running(percent))["estimated_completion"] == expected


def test_progress_is_rounded_down_and_99_at_most_while_running():
    assert status(running(52.99))["progress"] == 52
    assert status(running(100.0))["progress"] == 99


def test_a_pending_run():
    run = TrainingRunFactory(created_at=NOW)
    shown = status(run)
    assert (shown["status"], shown["progress"], shown["current_step"]) == ("pending", 0, "initialization")
    assert {step["status"] for step in shown["steps"]} == {"pending"}
    assert (shown["started_at"], shown["elapsed_time_ms"], shown["estimated_completion"]) == (None, None, None)


def test_a_completed_run():
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase=ENTITY, timestamp=NOW), CompleteEvent(n=2, timestamp=NOW + 4 * MINUTE))
    shown = status(run, now=NOW + 60 * MINUTE)
    assert (shown["status"], shown["progress"], shown["current_step"]) == ("completed", 100, "saving_results")
    assert {(step["status"], step["progress"]) for step in shown["steps"]} == {("completed", 100)}
    assert (shown["completed_at"], shown["elapsed_time_ms"]) == ("2026-01-20T15:09:00Z", 240_000)
    assert (shown["estimated_completion"], shown["health"]) == (None, None)


def test_a_failed_run_shows_where_it_failed():
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase=ENTITY), ProgressEvent(n=2, fraction=0.5), FailEvent(n=3, error="no memory"))
    shown = status(run)
    assert (shown["status"], shown["failure_reason"], shown["error_message"]) == ("failed", "error", "no memory")
    assert [(step["status"], step["progress"]) for step in shown["steps"]] == [
        ("completed", 100),
        ("completed", 100),
        ("failed", 50),
        *[("pending", 0)] * 4,
    ]
    assert (shown["progress"], shown["estimated_completion"]) == (27, None)


def test_stalled_and_hanging_are_seen_without_a_writer():
    run = running(25.0, last_event_at=NOW - 40 * MINUTE)
    assert status(run)["health"] == "hanging"
    assert status(run, now=NOW + 2 * MINUTE)["health"] == "stalled"


def test_a_run_that_goes_silent_after_a_cancel_is_seen_as_cancelled():
    run = running(25.0, cancel_requested_at=NOW - 5 * MINUTE, last_report_at=NOW - 2 * MINUTE)
    shown = status(run)
    assert (shown["status"], shown["failure_reason"], shown["cancel_requested"]) == ("failed", "cancelled", True)
    assert (shown["completed_at"], shown["elapsed_time_ms"]) == ("2026-01-20T15:03:00Z", 480_000)
    assert "in_progress" not in {step["status"] for step in shown["steps"]}


def test_a_domain_has_limits_of_its_own():
    domain = DomainFactory(stall_limit_s=300, hang_limit_s=900)
    run = running(25.0, domain=domain, last_event_at=NOW - 14 * MINUTE, cancel_requested_at=NOW)
    assert status(run, now=NOW + MINUTE - timedelta(seconds=1))["health"] == "ok"
    assert status(run, now=NOW + MINUTE)["health"] == "hanging"
    assert status(run, now=NOW + 5 * MINUTE - timedelta(seconds=1))["status"] == "training"
    assert status(run, now=NOW + 5 * MINUTE)["failure_reason"] == "cancelled"
    TrainingRun.objects.update(cancel_requested_at=None)
    assert status(run, now=NOW + 5 * MINUTE)["health"] == "stalled"


@pytest.mark.parametrize(("stall_limit_s", "shown"), [(None, "failed"), (300, "training")])
def test_the_history_has_the_domains_own_limit_too(stall_limit_s, shown):
    domain = DomainFactory(stall_limit_s=stall_limit_s)
    running(25.0, domain=domain, cancel_requested_at=NOW - MINUTE, last_report_at=NOW - 2 * MINUTE)
    runs = runs_of_domain(domain.name)
    told = TrainingHistorySerializer(context={"now": NOW}).to_representation((domain.name, runs, [], []))
    assert [run["status"] for run in told["training_runs"]] == [shown]


def test_limits_cost_no_query_of_their_own():
    run = running(25.0, domain=DomainFactory(stall_limit_s=300))
    with CaptureQueriesContext(connection) as queries:
        status(run)
    assert len(queries) == 1


def test_elapsed_time_is_never_negative():
    assert status(running(1.0), now=NOW - 60 * MINUTE)["elapsed_time_ms"] == 0


def test_the_baseline_is_the_last_completed_run_with_a_lower_number():
    domain = DomainFactory()
    for number, trait, metrics in [
        (1, "completed", {"entity_f1": 0.7}),
        (2, "completed", {"entity_f1": 0.8}),
        (3, "lost", {"entity_f1": 0.9}),
        (5, "completed", {"entity_f1": 0.95}),
    ]:
        TrainingRunFactory(domain=domain, run_number=number, metrics=metrics, **{trait: True})
    run = TrainingRunFactory(domain=domain, run_number=4)
    assert status(run)["baseline_metrics"] == {"entity_f1": 0.8}


def test_the_latest_run_is_the_one_that_started_last():
    domain = DomainFactory()
    TrainingRunFactory(domain=domain, run_number=1, running=True, created_at=NOW)
    TrainingRunFactory(domain=domain, run_number=2, running=True, created_at=NOW, started_at=NOW - 60 * MINUTE)
    assert latest_run(domain.name).run_number == 1
    TrainingRunFactory(domain=domain, run_number=3, created_at=NOW + MINUTE)
    assert latest_run(domain.name).run_number == 3
