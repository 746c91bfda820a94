"""The displayed state, in memory, in Django queries and in raw SQL: one definition, three ways to ask."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.db import connection

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.displayed_state import (
    ACTIVE,
    CANCEL_REQUESTED,
    CANCELLED_BY_SILENCE,
    HEALTH,
    LOST,
    NO_EVENT,
    NO_REPORT,
    NO_REPORT_FOR_LONG,
    Condition,
    cancelled_at,
    displayed_state,
    health,
)
from training_status.models import TrainingRun
from training_status.read.run_columns import limits_of_settings

NOW = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Facts:
    """What the conditions ask of a run."""

    state: str = "running"
    report_age: timedelta = timedelta()
    event_age: timedelta = timedelta()
    cancelled_ago: timedelta | None = None
    failure_reason: str | None = None
    ended_at: datetime | None = None
    stall_limit_s: float = 60.0
    hang_limit_s: float = 1800.0
    lost_limit_s: float = 900.0

    @property
    def last_report_at(self) -> datetime:
        return NOW - self.report_age

    @property
    def last_event_at(self) -> datetime:
        return NOW - self.event_age

    @property
    def cancel_requested_at(self) -> datetime | None:
        return None if self.cancelled_ago is None else NOW - self.cancelled_ago


@pytest.mark.parametrize(
    ("report_age", "event_age", "expected"),
    [
        (0 * MINUTE, 0 * MINUTE, "ok"),
        (0.99 * MINUTE, 29.9 * MINUTE, "ok"),
        (1 * MINUTE, 1 * MINUTE, "stalled"),
        (0 * MINUTE, 30 * MINUTE, "hanging"),
        (2 * MINUTE, 60 * MINUTE, "stalled"),
    ],
)
def test_health_follows_the_age_of_reports_and_events(report_age, event_age, expected):
    assert health(Facts(report_age=report_age, event_age=event_age), NOW) == expected


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_a_finished_run_has_no_health(state):
    assert health(Facts(state, 60 * MINUTE, 60 * MINUTE), NOW) is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(report_age=60 * MINUTE), None),  # silence alone
        (Facts(report_age=2 * MINUTE, cancelled_ago=5 * MINUTE), NOW - 2 * MINUTE),  # silent after the request
        (Facts(report_age=60 * MINUTE, cancelled_ago=0 * MINUTE), NOW),  # silent before
        (Facts(report_age=0.5 * MINUTE, cancelled_ago=5 * MINUTE), None),  # still reporting
        (Facts("completed", 60 * MINUTE, cancelled_ago=5 * MINUTE), None),
    ],
)
def test_an_active_run_is_cancelled_by_a_request_and_silence(facts, expected):
    assert cancelled_at(facts, NOW) == expected
    assert displayed_state(facts, NOW)[:2] == (("failed", "cancelled") if expected else (facts.state, None))


CONDITIONS = {
    "active": ACTIVE,
    "cancel requested": CANCEL_REQUESTED,
    "no report": NO_REPORT,
    "no event": NO_EVENT,
    "no report for long": NO_REPORT_FOR_LONG,
    "cancelled": CANCELLED_BY_SILENCE,
    "lost": LOST,
    "either": CANCELLED_BY_SILENCE | LOST,
    **HEALTH,
}
SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)
LIMITS = ({}, {"stall_limit_s": 10.0}, {"hang_limit_s": 30.0, "lost_limit_s": 40.5})


@pytest.fixture
def runs(db):
    """A run for each combination of state, ages around every limit, and cancel request."""
    ages = [
        limit + shift
        for limit in (10 * SECOND, 40.5 * SECOND, 60 * SECOND, 900 * SECOND)
        for shift in (-TICK, 0 * TICK)
    ]
    made = []
    for limits in LIMITS:
        domain = DomainFactory(**limits)
        for trait, age, event_age, cancelled in product(
            ({}, {"running": True}, {"completed": True}, {"lost": True}), ages, (0 * SECOND, 1800 * SECOND), (None, NOW)
        ):
            made.append(
                TrainingRunFactory(
                    domain=domain,
                    created_at=NOW - timedelta(hours=9),
                    last_report_at=NOW - age,
                    last_event_at=NOW - max(age, event_age),
                    cancel_requested_at=cancelled,
                    **trait,
                )
            )
    return made


def in_memory(run: TrainingRun) -> TrainingRun:
    """The run with the limits that hold for it."""
    for name, setting in limits_of_settings().items():
        own = getattr(run.domain, name)
        setattr(run, name, setting if own is None else own)
    return run


@pytest.mark.parametrize("word", CONDITIONS)
def test_memory_query_and_sql_agree(runs, word):
    condition = CONDITIONS[word]
    expected = {run.id for run in runs if condition.holds(in_memory(run), NOW)}
    assert 0 < len(expected) < len(runs)
    assert found_by_sql(condition, float("inf")) == expected
    assert set(TrainingRun.objects.filter(condition.q(NOW)).values_list("id", flat=True)) == expected
    counted_for_less = {run.id for run in runs if condition.holds(in_memory(run), NOW, uptime_s=59.0)}
    assert found_by_sql(condition, 59.0) == counted_for_less


def found_by_sql(condition: Condition, uptime_s: float) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT run.id FROM training_status_trainingrun AS run "
            f"JOIN training_status_domain AS domain ON domain.id = run.domain_id WHERE {condition.sql}",
            limits_of_settings() | {"now": NOW, "reachable_s": uptime_s},
        )
        return {run_id for (run_id,) in cursor.fetchall()}
