"""The budget of a run, as clients see it."""

from typing import Any

from rest_framework import serializers

from training_status.budget import BUDGET_STATES, budget_use
from training_status.read.run_facts import RunFacts


class BudgetSerializer(serializers.Serializer):
    """The limits of a run, and how much of them is used."""

    cost_limit = serializers.FloatField(allow_null=True, min_value=0)
    currency = serializers.CharField(allow_null=True, help_text="Of `cost_limit`.")
    tokens_limit = serializers.IntegerField(allow_null=True, min_value=1, help_text="Of input and output tokens.")
    used_share = serializers.FloatField(min_value=0, help_text="Of the limit that is used most: 1.0 is all of it.")
    state = serializers.ChoiceField(
        choices=BUDGET_STATES, help_text="`near` from 80 % on; `exceeded` from 100 % on, where the run is cancelled."
    )
    is_lower_bound = serializers.BooleanField(
        help_text="Whether calls without a known cost in the currency of the limit come on top."
    )


def budget(run: RunFacts) -> dict[str, Any] | None:
    """Return the budget; None for a run without a limit."""
    use = budget_use(run.usage, cost_limit=run.cost_limit, currency=run.currency, tokens_limit=run.tokens_limit)
    if use is None:
        return None
    return {
        "cost_limit": run.cost_limit,
        "currency": run.currency,
        "tokens_limit": run.tokens_limit,
        "used_share": use.used_share,
        "state": use.state,
        "is_lower_bound": use.is_lower_bound,
    }
