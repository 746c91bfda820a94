"""Runs that nobody reports on, with a stall limit of one second: health, cancelling at once, coming back."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.answers import ok, parse_time, problem
from tests.support.domains import create_domain
from tests.support.running_service import Service, await_until
from tests.support.runs import Run, complete, fail, log, now, progress

STALLED_WITHIN_S = 3.0
HANG_LIMIT_S = 3.0
SILENCE_NOTICED_WITHIN_S = 15.0


@pytest.fixture(scope="module")
def principal(impatient_service: Service) -> httpx.Client:
    return impatient_service.client(impatient_service.token("operator"))


@pytest.fixture
def begin(principal: httpx.Client) -> Callable[[], Run]:
    domain = create_domain(principal)
    return lambda: Run(principal, domain)


def await_stalled(run: Run) -> None:
    await_until(lambda: run.status()["health"] == "stalled", STALLED_WITHIN_S)


@pytest.fixture(scope="module")
def stalled_runs(principal: httpx.Client) -> list[Run]:
    """Runs of their own domains that have stalled half way through the first phase, each to be taken once."""
    runs = [Run(principal, create_domain(principal)) for _ in range(6)]
    for run in runs:
        run.send(progress(0.5, message="half"))
    for run in runs:
        await_stalled(run)
    return runs


@pytest.fixture
def cancelled(stalled_runs: list[Run]) -> Run:
    """A run that was cancelled at once because nobody reported on it."""
    run = stalled_runs.pop()
    ok(run.cancel())
    assert run.status()["status"] == "failed"
    return run


def test_a_silent_run_is_stalled_until_it_is_heard_again(begin: Callable[[], Run]) -> None:
    run = begin()
    run.send(progress(0.5))
    assert run.status()["health"] == "ok"
    await_stalled(run)
    status = run.status()
    assert status["status"] == "training"
    assert (now() - parse_time(status["last_report_at"])).total_seconds() >= 1
    run.heartbeat()
    assert run.status()["health"] == "ok"
    await_stalled(run)
    run.send(log())
    assert run.status()["health"] == "ok"


def test_a_pending_run_stalls_too(begin: Callable[[], Run]) -> None:
    run = begin()
    await_stalled(run)
    assert run.status()["status"] == "pending"
    ok(run.cancel())
    status = run.status()
    assert (status["status"], status["failure_reason"], status["health"]) == ("failed", "cancelled", None)
    assert status["current_step"] == "initialization"
    assert [step["status"] for step in status["steps"]] == ["failed"] + ["pending"] * 6
    assert status["estimated_completion"] is None


def test_a_stalled_run_is_cancelled_at_once(cancelled: Run) -> None:
    status = cancelled.status()
    assert (status["failure_reason"], status["health"], status["cancel_requested"]) == ("cancelled", None, True)
    assert parse_time(status["completed_at"]) >= parse_time(status["started_at"])
    assert status["estimated_completion"] is None


def test_a_run_silent_after_the_request_is_cancelled(begin: Callable[[], Run]) -> None:
    run = begin()
    run.send(progress(0.5))
    ok(run.cancel())
    assert run.status()["status"] == "training"
    await_until(lambda: run.status()["status"] == "failed", SILENCE_NOTICED_WITHIN_S)
    status = run.status()
    assert (status["failure_reason"], status["health"]) == ("cancelled", None)


def test_a_cancelled_run_comes_back_with_new_events(cancelled: Run) -> None:
    run = cancelled
    assert run.send(log("still here"))["status"] == "training"
    status = run.status()
    assert (status["status"], status["failure_reason"], status["completed_at"]) == ("training", None, None)
    assert status["health"] == "ok"
    assert (status["message"], status["progress"]) == ("half", 2)
    run.send(complete())
    assert run.status()["status"] == "completed"
    assert [entry["message"] for entry in run.entries()] == ["half", "still here"]


def test_a_cancelled_run_takes_events_by_the_same_rules(cancelled: Run) -> None:
    run = cancelled
    assert problem(run.post({"n": 3, **log()}), 409)["expected_n"] == 2
    receipt = ok(run.post({"n": 1, **progress(0.5)}))
    assert (receipt["accepted"], receipt["duplicates"], receipt["last_n"]) == (0, 1, 1)


@pytest.mark.parametrize("report", [Run.heartbeat, lambda run: ok(run.post())], ids=["heartbeat", "no events"])
def test_a_cancelled_run_comes_back_with_events_alone(cancelled: Run, report: Callable[[Run], Any]) -> None:
    answer = report(cancelled)
    assert answer["cancel_requested"] is True
    status = cancelled.status()
    assert (answer["status"], status["status"], status["failure_reason"]) == ("failed", "failed", "cancelled")


def test_the_reporters_own_end_of_a_cancelled_run_is_final(cancelled: Run) -> None:
    run = cancelled
    assert run.send(fail("stopped as asked"))["status"] == "failed"
    status = run.status()
    assert (status["failure_reason"], status["error_message"]) == ("cancelled", "stopped as asked")
    problem(run.post({"n": run.n + 1, **log()}), 409)
    problem(run.cancel(), 409)


def test_a_pending_cancelled_run_begins_with_its_first_event(begin: Callable[[], Run]) -> None:
    run = begin()
    await_stalled(run)
    ok(run.cancel())
    run.send(progress(1.0))
    assert run.status()["status"] == "training"


def test_heartbeats_without_events_are_a_hanging_run(begin: Callable[[], Run]) -> None:
    run = begin()
    sent = now()  # before the service hears of it: it counts from there
    run.send(progress(0.5))
    seen = []

    def hangs() -> bool:
        run.heartbeat()
        seen.append(str(run.status()["health"]))
        return seen[-1] == "hanging"

    await_until(hangs, 3 * HANG_LIMIT_S)
    assert (now() - sent).total_seconds() >= HANG_LIMIT_S
    assert set(seen) == {"ok", "hanging"}
    assert run.status()["status"] == "training"
    run.send(log())
    assert run.status()["health"] == "ok"
    run.send(complete())
    assert run.status()["health"] is None
