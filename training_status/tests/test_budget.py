"""How much of a budget is used: the arithmetic alone."""

from typing import Any

import pytest

from training_status.budget import budget_use


def use(usage: dict[str, Any], **limits: Any) -> tuple[float, str, bool, str | None] | None:
    found = budget_use(usage, **{"cost_limit": None, "currency": None, "tokens_limit": None, **limits})
    return None if found is None else (found.used_share, found.state, found.is_lower_bound, found.reason)


def test_without_a_limit_there_is_no_budget() -> None:
    assert use({"costs": {"USD": "5"}, "input_tokens": 7}) is None


@pytest.mark.parametrize(
    ("cost", "share", "state"),
    [
        ("0", 0.0, "ok"),
        ("0.239999999999", 0.79999999999666, "ok"),
        ("0.24", 0.8, "near"),
        ("0.299999999999", 0.99999999999666, "near"),
        ("0.3", 1.0, "exceeded"),  # 0.1 three times, which are more than 0.3 as floating-point numbers
        ("3", 10.0, "exceeded"),
    ],
)
def test_cost(cost: str, share: float, state: str) -> None:
    reason = "the cost limit of 0.3 USD was reached" if state == "exceeded" else None
    found = use({"costs": {"USD": cost}}, cost_limit=0.3, currency="USD")
    assert found == (pytest.approx(share, abs=1e-13), state, False, reason)


@pytest.mark.parametrize(
    ("tokens", "state"), [(0, "ok"), (799, "ok"), (800, "near"), (999, "near"), (1000, "exceeded")]
)
def test_tokens(tokens: int, state: str) -> None:
    reason = "the tokens limit of 1,000 was reached" if state == "exceeded" else None
    usage = {"input_tokens": tokens - tokens // 3, "output_tokens": tokens // 3}
    assert use(usage, tokens_limit=1000) == (tokens / 1000, state, False, reason)


def test_of_two_limits_the_one_that_is_used_most_counts() -> None:
    limits = {"cost_limit": 10, "currency": "USD", "tokens_limit": 1000}
    assert use({"costs": {"USD": "9"}, "input_tokens": 100}, **limits) == (0.9, "near", False, None)
    reason = "the tokens limit of 1,000 was reached"
    assert use({"costs": {"USD": "9"}, "input_tokens": 2000}, **limits) == (2.0, "exceeded", False, reason)


def test_nothing_was_reported() -> None:
    assert use({}, cost_limit=5, currency="USD", tokens_limit=1) == (0.0, "ok", False, None)


@pytest.mark.parametrize(
    "usage", [{"unpriced_calls": 3, "costs": {}}, {"costs": {"EUR": "70"}}, {"costs": {"EUR": "70", "USD": "0"}}]
)
def test_what_is_not_known_in_the_currency_is_said(usage: dict[str, Any]) -> None:
    assert use(usage, cost_limit=5, currency="USD") == (0.0, "ok", True, None)
    assert use(usage, tokens_limit=5) == (0.0, "ok", False, None)
