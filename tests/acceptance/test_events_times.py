"""`/training-runs/{id}/events`: times by two clocks."""

from datetime import timedelta

import pytest

from tests.support.answers import parse_time
from tests.support.runs import ENTITY, Run, complete, fail, iso, log, now, phase, progress


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-01-20T15:05:00Z", "2026-01-20T15:05:00Z"),
        ("2026-01-20T15:05:00.000Z", "2026-01-20T15:05:00Z"),
        ("2026-01-20T15:05:00.123456Z", "2026-01-20T15:05:00.123456Z"),
        ("2026-01-20T17:05:00+02:00", "2026-01-20T15:05:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("2999-12-31T23:59:59Z", "2999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_entries_keep_the_reporters_timestamp(run: Run, given: str, kept: str) -> None:
    run.send(log(timestamp=given), sent_at=iso(now() + timedelta(hours=1)))
    entry = run.entries()[0]
    parse_time(entry["timestamp"])
    assert parse_time(entry["timestamp"]) == parse_time(kept)
    status = run.status()
    assert parse_time(status["started_at"]) <= now()
    assert status["elapsed_time_ms"] >= 0


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_beyond_the_calendar_do_no_harm(run: Run, timestamp: str) -> None:
    answer = run.post({"n": 1, **log(timestamp=timestamp)}, sent_at=timestamp)
    assert answer.status_code in (200, 422), answer.text
    assert run.status()["status"] in ("pending", "training")


@pytest.mark.parametrize("sent_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_corrections_beyond_the_calendar(run: Run, sent_at: str, timestamp: str) -> None:
    run.send(progress(0.5, message="x", timestamp=timestamp), sent_at=sent_at)
    run.send(complete(timestamp=timestamp), sent_at=sent_at)
    status = run.status()
    assert parse_time(status["started_at"]) <= parse_time(status["completed_at"]) <= now()
    assert run.entries()[0]["timestamp"] == timestamp


def test_an_entry_without_timestamp_has_the_time_of_receipt(run: Run) -> None:
    before = now()
    run.send(log())
    assert before <= parse_time(run.entries()[0]["timestamp"]) <= now()


@pytest.mark.parametrize(
    "ahead", [timedelta(hours=1), timedelta(hours=-1), timedelta(0)], ids=["fast", "slow", "right"]
)
def test_a_wrong_clock_is_corrected(run: Run, ahead: timedelta) -> None:
    run.send(progress(0.2, timestamp=iso(now() + ahead)), sent_at=iso(now() + ahead))
    began = now()
    assert abs((parse_time(run.status()["started_at"]) - began).total_seconds()) < 2
    run.send(complete(timestamp=iso(now() + ahead)), sent_at=iso(now() + ahead))
    status = run.status()
    assert 0 <= status["elapsed_time_ms"] < 4000
    assert parse_time(status["started_at"]) <= parse_time(status["completed_at"]) <= now()


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)], ids=["fast", "slow"])
def test_the_age_of_an_event_survives_a_wrong_clock(run: Run, ahead: timedelta) -> None:
    at = now() + ahead
    run.send(
        progress(0.2, timestamp=iso(at - timedelta(minutes=10))),
        complete(timestamp=iso(at - timedelta(minutes=4))),
        sent_at=iso(at),
    )
    status = run.status()
    assert abs(parse_time(status["started_at"]) - (at - ahead - timedelta(minutes=10))) < timedelta(seconds=2)
    assert abs(parse_time(status["completed_at"]) - (at - ahead - timedelta(minutes=4))) < timedelta(seconds=2)
    assert status["elapsed_time_ms"] == 6 * 60 * 1000


def test_without_sending_time_the_timestamp_is_believed(run: Run) -> None:
    at = now() - timedelta(minutes=10)
    run.send(progress(0.5, timestamp=iso(at)))
    status = run.status()
    assert parse_time(status["started_at"]) == at
    assert 600_000 <= status["elapsed_time_ms"] < 605_000


def test_no_time_of_a_run_is_in_the_future(run: Run) -> None:
    run.send(progress(0.5, timestamp=iso(now() + timedelta(days=1))))
    assert parse_time(run.status()["started_at"]) <= now()
    assert run.status()["elapsed_time_ms"] >= 0
    run.send(complete(timestamp=iso(now() + timedelta(days=1))))
    assert parse_time(run.status()["completed_at"]) <= now()


def test_an_end_is_never_before_the_start(run: Run) -> None:
    run.send(progress(0.5, timestamp=iso(now() - timedelta(minutes=1))))
    run.send(fail(timestamp=iso(now() - timedelta(minutes=9))))
    status = run.status()
    assert status["completed_at"] == status["started_at"]
    assert status["elapsed_time_ms"] == 0


def test_the_first_event_is_the_start_whatever_it_is(run: Run) -> None:
    at = now() - timedelta(minutes=1)
    run.send(log(timestamp=iso(at)))
    status = run.status()
    assert (status["status"], parse_time(status["started_at"])) == ("training", at)
    run.send(phase(ENTITY, timestamp=iso(at + timedelta(seconds=30))))
    assert run.status()["started_at"] == status["started_at"]


def test_reports_are_timed_by_the_services_clock(run: Run) -> None:
    run.send(log(timestamp="1970-01-01T00:00:00Z"), sent_at="1970-01-01T00:00:00Z")
    for report in (lambda: run.send(log()), run.heartbeat):
        before = now()
        report()
        assert before <= parse_time(run.status()["last_report_at"]) <= now()
