"""What a run will have used at its end, from a reporter to a reader."""

from collections.abc import Callable

import httpx
import pytest

from tests.support.answers import ok
from tests.support.optimizer_events import usage, used
from tests.support.runs import ENTITY, RELATION, Run, complete, phase, progress

Start = Callable[..., Run]
CALLS = 10  # in each of two phases


def step(name: str, call: int, cost: float | None) -> list[dict]:
    price = {} if cost is None else {"cost": cost, "currency": "USD"}
    begin = [phase(name)] if call == 1 else []
    return [*begin, usage(used(input_tokens=90, output_tokens=10, **price)), progress(call / CALLS)]


def whole_run(run: Run, cost: float) -> None:
    """Each call has arrived before the next one is sent."""
    for name in (ENTITY, RELATION):
        for call in range(1, CALLS + 1):
            run.send(*step(name, call, cost))
    run.send(complete())


def to_half_of_the_first_phase(run: Run, cost: float | None) -> dict | None:
    for call in range(1, CALLS // 2 + 1):
        run.send(*step(ENTITY, call, cost))
    return run.status()["usage_forecast"]  # type: ignore[no-any-return]


def test_from_nothing_to_the_end(run: Run) -> None:
    assert run.status()["usage_forecast"] is None
    run.send(phase(ENTITY))
    assert run.status()["usage_forecast"] is None
    forecast = to_half_of_the_first_phase(run, 0.1)
    assert forecast is not None
    assert forecast["cost"]["low"] < 2.0 < forecast["cost"]["high"]
    assert forecast["tokens"]["low"] < 2000 < forecast["tokens"]["high"]
    run.send(complete())
    assert run.status()["usage_forecast"] is None


def test_earlier_runs_teach(viewer: httpx.Client, start: Start) -> None:
    for cost in (0.11, 0.1, 0.09):
        whole_run(start(), cost)
    forecast = to_half_of_the_first_phase(start(), 0.1)
    assert forecast is not None
    assert forecast["cost"]["total"] == pytest.approx(2.0, rel=0.05)
    assert forecast["tokens"]["total"] == pytest.approx(2000, rel=0.05)
    for amount in forecast.values():
        assert (amount["method"], amount["based_on_runs"]) == ("history", 3)

    history = ok(viewer.get(f"/domains/{start().domain}/training-history"))
    assert {(one["amount"], one["method"]) for one in history["usage_forecast_scores"]} == {
        (amount, method) for amount in ("cost", "tokens") for method in ("linear", "history")
    }
    of_history = [one for one in history["usage_forecast_scores"] if one["method"] == "history"]
    assert all(one["error"] < 0.15 and one["covered"] > 0.7 for one in of_history)


def test_a_cost_that_nobody_knows_is_not_forecast(run: Run) -> None:
    forecast = to_half_of_the_first_phase(run, None)
    assert forecast is not None
    assert forecast["cost"] is None
    assert forecast["tokens"]["total"] > 500
    run.send(usage(used(cost=0.1, currency="USD")))
    assert run.status()["usage_forecast"]["cost"]["is_lower_bound"] is True


def test_what_is_sent_again_changes_nothing(run: Run) -> None:
    events = [{"n": n, **event} for n, event in enumerate(step(ENTITY, 1, 0.1) + step(ENTITY, 2, 0.1), 1)]
    ok(run.post(*events))
    forecast = run.status()["usage_forecast"]
    for again in (events, events[:2], events):
        ok(run.post(*again))
    assert run.status()["usage_forecast"] == forecast
