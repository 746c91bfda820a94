"""The budget of a run: how much of its limits is used, and what that means. The only definition.

Everything that the calls of the run used counts: its input and output tokens, and the costs in the currency of the
limit.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from training_status.number_text import exact_number_text

OK: Final = "ok"
NEAR: Final = "near"
EXCEEDED: Final = "exceeded"
BUDGET_STATES: Final = (OK, NEAR, EXCEEDED)
NEAR_SHARE: Final = 0.8
REASON_MAX_CHARACTERS: Final = 100
BUDGET_LIMITS: Final = ("cost_limit", "currency", "tokens_limit")


class BudgetUse(NamedTuple):
    """How much of its budget a run has used: 1.0 is all of the limit that is used most.

    `is_lower_bound`: calls without a known cost in the currency of the limit come on top. `reason` says which limit was
    reached; None before.
    """

    used_share: float
    is_lower_bound: bool
    reason: str | None

    @property
    def state(self) -> str:
        """`ok`, `near` from 80 % on, `exceeded` from 100 % on."""
        if self.used_share >= 1:
            return EXCEEDED
        return NEAR if self.used_share >= NEAR_SHARE else OK


def budget_use(
    usage: Mapping[str, Any], *, cost_limit: float | None, currency: str | None, tokens_limit: int | None
) -> BudgetUse | None:
    """Return how much is used, from a run's totals (`ingest.usage_totals`); None without a limit."""
    shares: list[tuple[float, str]] = []
    is_lower_bound = False
    if cost_limit is not None:
        costs = usage.get("costs", {})
        cost = Decimal(costs.get(currency, "0"))
        is_lower_bound = usage.get("unpriced_calls", 0) > 0 or bool(costs.keys() - {currency})
        shares.append(
            (float(cost / Decimal(repr(cost_limit))), f"the cost limit of {exact_number_text(cost_limit)} {currency}")
        )
    if tokens_limit is not None:
        tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
        shares.append((tokens / tokens_limit, f"the tokens limit of {exact_number_text(tokens_limit)}"))
    if not shares:
        return None
    used_share, limit = max(shares)
    return BudgetUse(used_share, is_lower_bound, f"{limit} was reached" if used_share >= 1 else None)
