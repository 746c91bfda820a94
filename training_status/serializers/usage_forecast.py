"""What a run will have used at its end, as clients see it."""

from typing import Any

from rest_framework import serializers

from training_status import run_states
from training_status.forecast.amounts import AmountForecast
from training_status.forecast_methods import FORECAST_METHODS
from training_status.read.run_facts import RunFacts


class TokensForecastSerializer(serializers.Serializer):
    """The tokens, with the range that contains the actual number in 80 of 100 cases."""

    total = serializers.IntegerField(min_value=0, help_text="Input and output tokens of the whole run.")
    low = serializers.IntegerField(min_value=0)
    high = serializers.IntegerField(min_value=0)
    method = serializers.ChoiceField(
        choices=FORECAST_METHODS,
        help_text="`history`: from earlier runs of the domain; `linear`: the run's own pace, without earlier runs.",
    )
    based_on_runs = serializers.IntegerField(min_value=0, help_text="How many earlier runs it was learned from.")


class CostForecastSerializer(serializers.Serializer):
    """The cost, with the range that contains the actual one in 80 of 100 cases."""

    total = serializers.FloatField(min_value=0, help_text="The cost of the whole run.")
    low = serializers.FloatField(min_value=0)
    high = serializers.FloatField(min_value=0)
    currency = serializers.CharField()
    is_lower_bound = serializers.BooleanField(
        help_text="Whether calls without a known cost, of this run or of the earlier ones, come on top."
    )
    method = serializers.ChoiceField(choices=FORECAST_METHODS, help_text="As for tokens.")
    based_on_runs = serializers.IntegerField(min_value=0)


class UsageForecastSerializer(serializers.Serializer):
    """What the run will have used at its end."""

    cost = CostForecastSerializer(
        allow_null=True, help_text="Null where no cost is known, and where there are several currencies."
    )
    tokens = TokensForecastSerializer(allow_null=True)


def usage_forecast(run: RunFacts, *, state: str) -> dict[str, Any] | None:
    """Return the forecast of a running run; None while nothing is known, and for a run that has ended."""
    made = run.usage_estimate
    if state != run_states.RUNNING or (made.cost is None and made.tokens is None):
        return None
    return {"cost": _cost(made.cost, made.currency, made.is_lower_bound), "tokens": _tokens(made.tokens)}


def _cost(made: AmountForecast | None, currency: str | None, is_lower_bound: bool) -> dict[str, Any] | None:
    if made is None:
        return None
    return {
        "total": made.total,
        "low": made.low,
        "high": made.high,
        "currency": currency,
        "is_lower_bound": is_lower_bound,
        "method": made.method,
        "based_on_runs": made.based_on_runs,
    }


def _tokens(made: AmountForecast | None) -> dict[str, Any] | None:
    if made is None:
        return None
    return {
        "total": round(made.total),
        "low": round(made.low),
        "high": round(made.high),
        "method": made.method,
        "based_on_runs": made.based_on_runs,
    }
