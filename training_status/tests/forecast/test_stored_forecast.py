"""A forecast from the events of a run to its status: learned from earlier runs, kept, counted down and scored."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.support.factories import DomainFactory, TrainingRunFactory, send
from training_status.forecast import parameters
from training_status.forecast.earlier_runs import learn
from training_status.forecast.stored_estimate import as_json, learned_from_json
from training_status.ingest.batch import CompleteEvent, Event, FailEvent, PhaseEvent, ProgressEvent
from training_status.models import Domain, ForecastMark, PhaseTiming, RunForecast, TrainingRun
from training_status.phases import PHASE_NAMES, PHASES
from training_status.read.run_facts import run_by_public_id
from training_status.serializers.status import TrainingStatusSerializer

pytestmark = pytest.mark.django_db

SECONDS = (2.0, 8.0, 600.0, 300.0, 3.0, 120.0, 4.0)
STEPS = 10
API = "/api/v1/admin"
START = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)


def moments(slower: float = 1.0) -> list[tuple[float, Event]]:
    """What a whole run reports, each with the second at which it does."""
    told: list[tuple[float, Event]] = []
    at, n = 0.0, 0
    for name, seconds in zip(PHASE_NAMES, SECONDS, strict=True):
        n += 1
        told.append((at, PhaseEvent(n=n, phase=name)))
        for step in range(1, STEPS + 1):
            n += 1
            told.append((at + seconds * slower * step / STEPS, ProgressEvent(n=n, fraction=step / STEPS)))
        at += seconds * slower
    return [*told, (at, CompleteEvent(n=n + 1))]


def play(run: TrainingRun, *, until_s: float = 1e9, slower: float = 1.0, start: datetime = START) -> None:
    """Let the run report as if it had begun at `start`, event by event."""
    for at, event in moments(slower):
        if at > until_s:
            return
        event.timestamp = start + timedelta(seconds=at)
        send(run, event)


def completed(domain: Domain, **values: Any) -> TrainingRun:
    run = TrainingRunFactory(domain=domain, **values)
    play(run)
    return run


def status_of(run: TrainingRun, at_s: float) -> dict[str, Any]:
    facts = run_by_public_id(run.public_id)
    assert facts is not None
    facts.last_report_at = facts.last_event_at = max(START + timedelta(seconds=at_s), facts.created_at)
    return TrainingStatusSerializer(facts, context={"now": START + timedelta(seconds=at_s)}).data


def left_s(told: dict[str, Any] | None, at_s: float, name: str = "completion") -> float:
    assert told is not None
    return (datetime.fromisoformat(told[name]) - START).total_seconds() - at_s


def test_without_history_it_is_the_linear_estimate() -> None:
    run = TrainingRunFactory()
    play(run, until_s=310)
    status = status_of(run, 330)
    told = status["forecast"]
    assert told["completion"] == status["estimated_completion"]
    assert (told["method"], told["based_on_runs"]) == ("linear", 0)
    assert told["low"] < told["completion"] < told["high"]


def test_a_run_like_those_before_it_is_known() -> None:
    domain = DomainFactory()
    for _ in range(3):
        completed(domain)
    run = TrainingRunFactory(domain=domain)
    play(run, until_s=310)
    told = status_of(run, 310)["forecast"]
    assert (told["method"], told["based_on_runs"]) == ("history", 3)
    assert left_s(told, 310) == pytest.approx(sum(SECONDS) - 310, rel=0.1)
    assert left_s(told, 310, "low") < sum(SECONDS) - 310 < left_s(told, 310, "high")


def test_it_counts_down_between_reports_and_never_to_nothing() -> None:
    domain = DomainFactory()
    for _ in range(3):
        completed(domain)
    run = TrainingRunFactory(domain=domain)
    play(run, until_s=310)
    lefts = [left_s(status_of(run, at_s)["forecast"], at_s) for at_s in (310, 340, 50_000)]
    assert lefts[1] == pytest.approx(lefts[0] - 30, abs=0.01)
    assert 0.15 * lefts[0] <= lefts[2] < lefts[1]


def test_the_first_run_of_a_domain_learns_from_others() -> None:
    for _ in range(3):
        completed(DomainFactory())
    run = TrainingRunFactory()
    play(run, until_s=310)
    told = status_of(run, 310)["forecast"]
    assert told["method"] == "shares"
    assert left_s(told, 310) == pytest.approx(sum(SECONDS) - 310, rel=0.4)


def test_runs_of_others_with_another_optimiser_tell_nothing() -> None:
    for _ in range(3):
        completed(DomainFactory(), optimizer="bootstrap")
    assert learn(TrainingRunFactory(optimizer="miprov2").id).expected is None
    expected = learn(TrainingRunFactory(optimizer="bootstrap").id).expected
    assert expected is not None
    assert (expected.runs, expected.prior_weight) == (3, pytest.approx(3 / (3 + parameters.PRIOR_DOMAINS)))


def test_failed_and_cancelled_runs_teach_nothing() -> None:
    domain = DomainFactory()
    run = TrainingRunFactory(domain=domain)
    play(run, until_s=310)
    send(run, FailEvent(n=run_last_n(run) + 1, error="it burst"))
    assert learn(TrainingRunFactory(domain=domain).id).expected is None


def run_last_n(run: TrainingRun) -> int:
    return TrainingRun.objects.values_list("last_n", flat=True).get(id=run.id)


def test_another_model_is_not_taken_for_the_same() -> None:
    domain = DomainFactory()
    for _ in range(3):
        completed(domain, llm_model="small")
    for model, probability in (("small", parameters.PACE_CHANGE_PROBABILITY), ("large", 1.0)):
        expected = learn(TrainingRunFactory(domain=domain, llm_model=model).id).expected
        assert expected is not None
        assert expected.pace_change_probability == probability


def test_runs_with_the_same_configuration_are_preferred() -> None:
    domain = DomainFactory()
    for _ in range(2):
        completed(domain, optimizer="gepa")
    for _ in range(3):
        completed(domain, optimizer="miprov2")
    expected = learn(TrainingRunFactory(domain=domain, optimizer="gepa").id).expected
    assert expected is not None
    assert expected.runs == 2


def test_what_a_phase_took_to_its_middle_is_stored() -> None:
    run = TrainingRunFactory()
    play(run)
    timing = PhaseTiming.objects.get(run=run, phase=PHASE_NAMES[2])
    assert timing.middle_at == START + timedelta(seconds=10 + 300)
    assert timing.middle_fraction == 0.5


def test_a_leap_over_the_middle_is_stored_with_what_it_reached() -> None:
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase=PHASE_NAMES[2]), ProgressEvent(n=2, fraction=0.3), ProgressEvent(n=3, fraction=0.8))
    assert PhaseTiming.objects.get(run=run, phase=PHASE_NAMES[2]).middle_fraction == 0.8


def test_marks_are_kept_once_and_for_good() -> None:
    run = TrainingRunFactory()
    play(run)
    marks = list(ForecastMark.objects.filter(run=run).values_list("percent", flat=True))
    assert marks == [10, 25, 50, 75, 90]
    at_half = ForecastMark.objects.get(run=run, percent=50)
    assert at_half.low_s < at_half.left_s == at_half.linear_left_s < at_half.high_s
    assert (at_half.method, at_half.learned_left_s) == ("linear", None)


def test_the_formula_is_used_where_it_was_right_more_often() -> None:
    """Runs whose learned forecasts were all wrong, those of the formula all right."""
    domain = DomainFactory()
    for _ in range(4):
        run = completed(domain)
        ended_at = START + timedelta(seconds=sum(SECONDS))
        for mark in ForecastMark.objects.filter(run=run):
            actual_s = (ended_at - mark.forecast_at).total_seconds()
            ForecastMark.objects.filter(id=mark.id).update(
                linear_left_s=actual_s, learned_left_s=actual_s * 3, learned_sigma=0.2
            )
    run = TrainingRunFactory(domain=domain)
    play(run, until_s=310)
    status = status_of(run, 310)
    assert (status["forecast"]["method"], status["forecast"]["based_on_runs"]) == ("linear", 4)
    assert status["forecast"]["completion"] == status["estimated_completion"]


@pytest.mark.parametrize("at_s", [0.0, 1.0])
def test_nothing_is_said_before_anything_is_done(at_s: float) -> None:
    run = TrainingRunFactory()
    assert status_of(run, at_s)["forecast"] is None
    send(run, PhaseEvent(n=1, phase=PHASE_NAMES[0]))
    assert status_of(run, at_s)["forecast"] is None
    assert not RunForecast.objects.exists()


def test_nothing_is_said_of_a_run_that_is_silent_or_over() -> None:
    run = TrainingRunFactory()
    play(run, until_s=310)
    facts = run_by_public_id(run.public_id)
    assert facts is not None
    late = facts.last_report_at + timedelta(minutes=2)
    silent = TrainingStatusSerializer(facts, context={"now": late}).data
    assert (silent["health"], silent["forecast"]) == ("stalled", None)
    assert silent["estimated_completion"] is not None
    send(run, CompleteEvent(n=run_last_n(run) + 1))
    assert status_of(run, 400)["forecast"] is None


def test_a_status_read_asks_nothing_more_with_a_forecast_than_without(viewer: APIClient) -> None:
    domain = DomainFactory()
    completed(domain)
    run = TrainingRunFactory(domain=domain)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            answer = viewer.get(f"{API}/domains/{domain.name}/training-status", {"run": run.run_number})
        assert answer.status_code == 200
        return len(asked)

    queries()  # notes the token's use, at most once a minute
    without = queries()
    play(run, until_s=310, start=datetime.now(UTC) - timedelta(seconds=310))
    assert queries() == without


def test_what_is_learned_is_asked_for_once_a_run() -> None:
    domain = DomainFactory()
    completed(domain)
    run = TrainingRunFactory(domain=domain)
    with CaptureQueriesContext(connection) as asked:
        play(run)
    looks = [query for query in asked if "LIMIT 60" in query["sql"] and "this.domain_id" in query["sql"]]
    assert len(looks) == 1


def test_a_burst_of_progress_is_estimated_seldom() -> None:
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase=PHASE_NAMES[2], timestamp=START))
    with CaptureQueriesContext(connection) as asked:
        for n in range(2, 102):
            event = ProgressEvent(n=n, fraction=n / 1e4, timestamp=START + timedelta(milliseconds=n))
            send(run, event)
    kept = [query for query in asked if "INSERT INTO training_status_runforecast" in query["sql"]]
    assert len(kept) <= 2


def test_a_domain_deleted_takes_its_forecasts_along(operator: APIClient) -> None:
    domain = DomainFactory()
    completed(domain)
    assert operator.delete(f"{API}/domains/{domain.name}").status_code == 204
    assert not RunForecast.objects.exists()
    assert not ForecastMark.objects.exists()


def test_phases_skipped_and_times_that_jump_poison_nothing() -> None:
    domain = DomainFactory()
    for _ in range(4):
        completed(domain)
    skipping = TrainingRunFactory(domain=domain)
    send(skipping, PhaseEvent(n=1, phase=PHASE_NAMES[-1]), CompleteEvent(n=2))
    jumping = TrainingRunFactory(domain=domain)
    send(jumping, PhaseEvent(n=1, phase=PHASE_NAMES[2], timestamp=datetime(1970, 1, 1, tzinfo=UTC)))
    send(jumping, PhaseEvent(n=2, phase=PHASE_NAMES[3]), CompleteEvent(n=3))
    run = TrainingRunFactory(domain=domain)
    play(run, until_s=310)
    assert left_s(status_of(run, 310)["forecast"], 310) == pytest.approx(sum(SECONDS) - 310, rel=0.15)


def test_the_run_tells_what_each_phase_is_expected_to_take(viewer: APIClient) -> None:
    domain = DomainFactory()
    first = completed(domain)
    run = TrainingRunFactory(domain=domain)
    play(run, until_s=310)
    told = viewer.get(f"{API}/training-runs/{run.public_id}").json()["expected_phases"]
    assert [one["phase"] for one in told] == [phase.name for phase in PHASES]
    assert [one["seconds"] for one in told] == pytest.approx(SECONDS)
    assert viewer.get(f"{API}/training-runs/{first.public_id}").json()["expected_phases"] is None


def test_what_an_earlier_version_stored_is_read() -> None:
    """Version 1.0 stored these names; its running runs go on, and `expected_phases` of all runs stay."""
    expected = {
        "method": "history", "runs": 4, "log_seconds": [1.0] * len(PHASES), "pace_sigma": 0.2, "phase_sigma": 0.1,
        "sudden": 0.4, "shape": [1.0] * len(PHASES), "step_sigma": 0.1, "believed": 0.5, "may_adapt": True,
    }  # fmt: skip
    verdict = {"runs": 4, "learned_factor": 1.5, "linear_factor": 1.0, "linear_weight": 0.25}
    learned = learned_from_json(json.dumps({"expected": expected, "verdict": verdict}))
    assert learned is not None
    assert learned.expected is not None
    assert (learned.expected.pace_change_probability, learned.expected.prior_weight) == (0.4, 0.5)
    assert (learned.calibration.learned_factor, learned.calibration.linear_weight) == (1.5, 0.25)
    assert learned_from_json(as_json(learned)) == learned
