"""Usage of language models: sums that are exact whatever is sent again."""

from typing import Any

import pytest

from tests.support.answers import ok, refused
from tests.support.optimizer_events import usage, used
from tests.support.runs import ENTITY, RELATION, Run, phase

NOTHING = {
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
    "duration_ms": 0,
}


def totals(run: Run) -> dict[str, Any]:
    answer = ok(run.client.get(f"{run.path}/usage"))
    assert answer["total"] == run.status()["usage"]
    return answer  # type: ignore[no-any-return]


def test_nothing_was_used(run: Run) -> None:
    assert totals(run) == {"total": NOTHING, "items": []}


def test_sums_by_phase_model_and_role(run: Run) -> None:
    counts = {"cached_calls": 1, "errors": 2, "input_tokens": 100, "output_tokens": 10, "cached_input_tokens": 50}
    run.send(
        phase(ENTITY),
        usage(used("a", 5, role="student", **counts, reasoning_tokens=3, duration_ms=1.5), used("b", 1)),
        usage(used("a", 5, role="student", **counts, reasoning_tokens=4, duration_ms=2.5)),
        usage(used("a", 1, role="proposer")),
        phase(RELATION),
        usage(used("a", 1, role="student")),
    )
    answer = totals(run)
    assert [(item["phase"], item["model"], item["role"], item["calls"]) for item in answer["items"]] == [
        (ENTITY, "a", "student", 10),
        (ENTITY, "b", "other", 1),
        (ENTITY, "a", "proposer", 1),
        (RELATION, "a", "student", 1),
    ]
    twice = {name: 2 * count for name, count in counts.items()}
    assert answer["items"][0] | twice == answer["items"][0]
    assert (answer["items"][0]["reasoning_tokens"], answer["items"][0]["duration_ms"]) == (7, 4)
    assert answer["total"] == NOTHING | twice | {
        "calls": 13,
        "reasoning_tokens": 7,
        "duration_ms": 4,
        "unpriced_calls": 11,
    }


def test_what_is_sent_again_counts_once(run: Run) -> None:
    events = [{"n": n, **usage(used(cost=0.1, currency="USD", input_tokens=n))} for n in range(1, 11)]
    for sent in (events[:4], events[:7], events[2:], events):
        ok(run.post(*sent))
    total = totals(run)["total"]
    assert (total["calls"], total["input_tokens"], total["cost"], total["currency"]) == (10, 55, 1.0, "USD")


def test_an_unknown_cost_is_never_zero(run: Run) -> None:
    run.send(usage(used(calls=3)))
    total = totals(run)["total"]
    assert (total["cost"], total["currency"], total["unpriced_calls"]) == (None, None, 3)
    run.send(usage(used(calls=2, cost=0.25, currency="USD"), used("local", 4, cached_calls=1)))
    total = totals(run)["total"]
    assert (total["cost"], total["currency"], total["unpriced_calls"]) == (0.25, "USD", 6)
    run.send(usage(used(cost=0, currency="USD")))
    assert totals(run)["total"]["cost"] == 0.25


def test_several_currencies_have_no_total(run: Run) -> None:
    run.send(usage(used(cost=1, currency="USD"), used(cost=2, currency="EUR"), used(cost=3, currency="USD")))
    answer = totals(run)
    assert (answer["total"]["cost"], answer["total"]["currency"]) == (None, None)
    assert [(item["currency"], item["cost"]) for item in answer["items"]] == [("USD", 4), ("EUR", 2)]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "usage"},
        usage(),
        {"type": "usage", "models": {}},
        usage(*[used(str(n)) for n in range(101)]),
        usage({"model": "a"}),
        usage(used("")),
        usage(used(calls=-1)),
        usage(used(calls=1.5)),
        usage(used(calls=10**13)),
        usage(used(input_tokens=-1)),
        usage(used(output_tokens="3")),
        usage(used(role="manager")),
        usage(used(cached_calls=2)),
        usage(used(errors=2)),
        usage(used(cost=1)),
        usage(used(currency="USD")),
        usage(used(cost=-1, currency="USD")),
        usage(used(cost="1", currency="USD")),
        usage(used(cost=10**10, currency="USD")),
        usage(used(cost=1, currency="usd")),
        usage(used(cost=1, currency="USD\n")),
        usage(used(duration_ms=-1)),
        usage(used(tokens=3)),
    ],
)
def test_bad_input_is_refused_and_stores_nothing(run: Run, event: dict[str, Any]) -> None:
    refused(run.post({"n": 1, **usage(used())}, {"n": 2, **event}))
    assert totals(run) == {"total": NOTHING, "items": []}
