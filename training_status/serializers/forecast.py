"""The learned forecast, as clients see it."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from training_status import run_states
from training_status.forecast.stored_estimate import completion
from training_status.forecast_methods import FORECAST_METHODS
from training_status.read.run_facts import RunFacts
from training_status.serializers.times import utc_text


class ForecastSerializer(serializers.Serializer):
    """The learned forecast, with the range that contains the actual time in 80 of 100 cases."""

    completion = serializers.DateTimeField()
    low = serializers.DateTimeField()
    high = serializers.DateTimeField()
    method = serializers.ChoiceField(
        choices=FORECAST_METHODS,
        help_text="`history`: from earlier runs of the domain; `shares`: from the shares of time that phases take "
        "in other domains; `linear`: the pace so far continues, without earlier runs or where this was more accurate.",
    )
    based_on_runs = serializers.IntegerField(
        min_value=0, help_text="The number of earlier runs that it was learned from."
    )


def forecast_at(
    run: RunFacts, *, state: str, health: str | None, elapsed_ms: int | None, now: datetime
) -> dict[str, Any] | None:
    """Return the forecast at `now`; None before any progress, and while the run is stalled or hanging."""
    stored, percent = run.estimate, run.progress_percent
    if stored is None or state != run_states.RUNNING or health != run_states.HEALTH_OK or percent <= 0:
        return None
    assert elapsed_ms is not None  # it is running
    linear_left_s = elapsed_ms / percent * (100 - percent) / 1000
    found = completion(stored, now=now, linear_left_s=linear_left_s)
    if found is None:
        return None
    return {
        "completion": utc_text(found.at),
        "low": utc_text(found.low),
        "high": utc_text(found.high),
        "method": stored.made.method,
        "based_on_runs": stored.made.based_on_runs,
    }
