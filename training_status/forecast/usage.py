"""The stored forecast of what a run will have used at its end: cost and tokens."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from training_status.forecast.amounts import AmountForecast, ExpectedAmount
from training_status.phases import PHASES


class LearnedUsage(msgspec.Struct, frozen=True):
    """What earlier runs teach about tokens, and about the costs in `currency`; None without such runs.

    `is_lower_bound`: some of their calls had no known cost in this currency. Stored as JSON: the names of the fields
    must not change.
    """

    tokens: ExpectedAmount | None = None
    cost: ExpectedAmount | None = None
    currency: str | None = None
    is_lower_bound: bool = False


class UsageEstimate(msgspec.Struct, frozen=True):
    """The forecasts of tokens and cost; None where nothing is known of one.

    `is_lower_bound`: some calls, of this run or of those learned from, had no known cost. Stored as JSON: the names of
    the fields must not change.
    """

    tokens: AmountForecast | None = None
    cost: AmountForecast | None = None
    currency: str | None = None
    is_lower_bound: bool = False


def cost_of(usage: Mapping[str, Any]) -> tuple[str, Decimal] | None:
    """Return the currency and the cost of a run's totals (`ingest.usage_totals`).

    None where no cost is known, and where there are several currencies.
    """
    costs = usage.get("costs", {})
    if len(costs) != 1:
        return None
    ((currency, cost),) = costs.items()
    return currency, Decimal(cost)


def learned_usage_from_json(text: str | None) -> LearnedUsage | None:
    """Decode the column `learned_usage`; None for NULL, and if it was stored with another list of phases."""
    if text is None:
        return None
    learned = msgspec.json.decode(text, type=LearnedUsage)
    known = [one.expected.log_seconds for one in (learned.tokens, learned.cost) if one is not None]
    return learned if all(len(logs) == len(PHASES) for logs in known) else None


def usage_estimate_from_json(text: str) -> UsageEstimate:
    """Decode the column `usage_estimate`; an empty object is an estimate of nothing."""
    return msgspec.json.decode(text, type=UsageEstimate)
