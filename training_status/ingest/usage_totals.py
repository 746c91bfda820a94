"""The sums of a run's usage, as they are kept on its row for the status."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from training_status.ingest.optimizer_events import UsedModel

CURRENCIES_MAX: Final = 10  # in the totals; costs in further ones are only in the sums by model
_SUMMED: Final = (
    "calls",
    "cached_calls",
    "errors",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "reasoning_tokens",
    "duration_ms",
)
_COST_DECIMALS: Final = Decimal("1e-12")


def exact_cost(cost: float) -> Decimal:
    """The decimal number that a reporter wrote, with at most twelve decimals."""
    return Decimal(repr(cost)).quantize(_COST_DECIMALS)


def unpriced_calls(used: UsedModel) -> int:
    """How many calls reached the model without a known cost."""
    return used.calls - used.cached_calls if used.cost is None else 0


def with_usage(totals: Mapping[str, Any], used: UsedModel) -> dict[str, Any]:
    """Return the totals after one more report; an empty object before the first. Costs are text, to stay exact."""
    costs = dict(totals.get("costs", {}))
    if used.cost is not None and used.currency is not None and (used.currency in costs or len(costs) < CURRENCIES_MAX):
        costs[used.currency] = f"{Decimal(costs.get(used.currency, '0')) + exact_cost(used.cost):f}"
    return {
        **{name: totals.get(name, 0) + getattr(used, name) for name in _SUMMED},
        "unpriced_calls": totals.get("unpriced_calls", 0) + unpriced_calls(used),
        "costs": costs,
    }
