"""Silence, and what follows from it."""

from datetime import UTC, datetime, timedelta

import pytest

from training_status import run_states

NOW = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def health(report_age: timedelta, event_age: timedelta, state: str = "running") -> str | None:
    return run_states.health(
        state=state,
        last_report_at=NOW - report_age,
        last_event_at=NOW - event_age,
        now=NOW,
        stall_limit=MINUTE,
        hang_limit=30 * MINUTE,
    )


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
    assert health(report_age, event_age) == expected


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_a_finished_run_has_no_health(state):
    assert health(60 * MINUTE, 60 * MINUTE, state) is None


def given_up(cancelled_ago: timedelta | None, report_age: timedelta, state: str = "running") -> datetime | None:
    return run_states.given_up_at(
        state=state,
        cancel_requested_at=None if cancelled_ago is None else NOW - cancelled_ago,
        last_report_at=NOW - report_age,
        now=NOW,
        stall_limit=MINUTE,
    )


def test_a_run_is_not_given_up_for_silence_alone():
    assert given_up(None, 60 * MINUTE) is None


def test_a_run_that_goes_silent_after_a_cancel_ended_with_its_last_report():
    assert given_up(5 * MINUTE, 2 * MINUTE) == NOW - 2 * MINUTE


def test_a_silent_run_that_is_cancelled_ends_with_the_cancel():
    assert given_up(0 * MINUTE, 60 * MINUTE) == NOW


def test_a_run_that_still_reports_is_waited_for():
    assert given_up(5 * MINUTE, 0.5 * MINUTE) is None


def test_a_finished_run_is_not_given_up():
    assert given_up(5 * MINUTE, 60 * MINUTE, "completed") is None
