"""The sums of a run's usage, as they are kept on its row for the status."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from msgspec import structs

from training_status.ingest.optimizer_events import UsedModel
from training_status.models.model_usage import COUNTS

CURRENCIES_MAX: Final = 10  # in the totals; costs in further ones are only in the sums by model
_SUMMED: Final = (*COUNTS, "duration_ms")
_COST_DECIMALS: Final = Decimal("1e-12")


def sums_of(used: UsedModel, phase: str) -> dict[str, Any]:
    """Return what a model used as the columns of `ModelUsage`. Costs have at most twelve decimals."""
    has_cost = used.cost is not None
    return structs.asdict(used) | {
        "phase": phase,
        "currency": used.currency or "",
        "cost": Decimal(repr(used.cost)).quantize(_COST_DECIMALS) if has_cost else None,
        "unpriced_calls": 0 if has_cost else used.calls - used.cached_calls,
    }


def with_sums(totals: Mapping[str, Any], sums: Mapping[str, Any]) -> dict[str, Any]:
    """Return the totals after one more report; an empty object before the first. Costs are text, to stay exact."""
    costs, currency = dict(totals.get("costs", {})), sums["currency"]
    if sums["cost"] is not None and (currency in costs or len(costs) < CURRENCIES_MAX):
        costs[currency] = f"{Decimal(costs.get(currency, '0')) + sums['cost']:f}"
    return {**{name: totals.get(name, 0) + sums[name] for name in _SUMMED}, "costs": costs}
