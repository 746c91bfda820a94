"""The history of a domain as clients see it, and a text about the improvement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from training_status import run_states
from training_status.displayed_state import displayed_state
from training_status.metric_directions import shared_directions
from training_status.number_text import is_number, number_text
from training_status.read.forecast_scores import MethodScore
from training_status.read.history import PastRun
from training_status.read.usage_forecast_scores import UsageMethodScore
from training_status.serializers.forecast_scores import ForecastScoreSerializer, UsageForecastScoreSerializer
from training_status.serializers.free_objects import HigherIsBetterField, MetricsField
from training_status.serializers.times import milliseconds_between, utc_text


class PastRunSerializer(serializers.Serializer):
    """A run of the domain. Numeric metrics of a finished run are also fields of their own."""

    run_number = serializers.IntegerField(min_value=1)
    training_run_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=tuple(run_states.SHOWN_STATUS.values()))
    failure_reason = serializers.ChoiceField(choices=run_states.FAILURE_REASONS, allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True, help_text="When the run ended, also if it failed.")
    duration_ms = serializers.IntegerField(allow_null=True, min_value=0, help_text="So far, for an active run.")
    metrics = MetricsField(help_text="The latest value of each metric.")

    def to_representation(self, instance: PastRun) -> dict[str, Any]:
        """Return the run. Its own fields take precedence over metrics of the same name."""
        run, now = instance, self.context["now"]
        state, reason, ended_at = displayed_state(run, now)
        metrics = run.metrics if state not in run_states.ACTIVE_STATES else {}
        return {
            **{name: value for name, value in metrics.items() if is_number(value)},
            "run_number": run.run_number,
            "training_run_id": str(run.public_id),
            "status": run_states.SHOWN_STATUS[state],
            "failure_reason": reason,
            "started_at": utc_text(run.started_at),
            "completed_at": utc_text(ended_at),
            "duration_ms": milliseconds_between(run.started_at, ended_at or now),
            "metrics": run.metrics,
        }


class TrainingHistorySerializer(serializers.Serializer):
    """All runs of a domain, oldest first. Made of the domain's name, its runs and the scores of its forecasts."""

    domain_name = serializers.CharField()
    training_runs = PastRunSerializer(many=True)
    improvement = serializers.CharField(
        allow_null=True,
        help_text="The last completed run compared with the first: `+9% entity F1, +7% relation F1`.",
    )
    higher_is_better = HigherIsBetterField(
        help_text="Of the numeric metrics of all runs whose direction is known. It is unknown where runs declare"
        " different ones."
    )
    forecast_scores = ForecastScoreSerializer(
        many=True, help_text="The accuracy of the forecasts of the newest hundred completed runs, by method."
    )

    usage_forecast_scores = UsageForecastScoreSerializer(
        many=True, help_text="The same of the forecasts of cost and tokens, by amount and method."
    )

    def to_representation(
        self, instance: tuple[str, Sequence[PastRun], Sequence[MethodScore], Sequence[UsageMethodScore]]
    ) -> dict[str, Any]:
        """The history of the contract."""
        domain_name, runs, scores, usage_scores = instance
        now: datetime = self.context.get("now") or timezone.now()
        completed = [run for run in runs if run.state == run_states.COMPLETED]
        return {
            "domain_name": domain_name,
            "training_runs": PastRunSerializer(runs, many=True, context={"now": now}).data,
            "improvement": improvement(completed[0].metrics, completed[-1].metrics) if len(completed) > 1 else None,
            "higher_is_better": shared_directions((run.metrics, run.declared_directions) for run in runs),
            "forecast_scores": ForecastScoreSerializer(scores, many=True).data,
            "usage_forecast_scores": UsageForecastScoreSerializer(usage_scores, many=True).data,
        }


def improvement(first: Mapping[str, Any], last: Mapping[str, Any]) -> str | None:
    """Every metric from 0 to 1 that both have, by name, in percentage points; None where there is none."""
    shared = sorted(name for name in first.keys() & last.keys() if _is_share(first[name]) and _is_share(last[name]))
    return ", ".join(f"{_points(first[name], last[name])} {_in_words(name)}" for name in shared) or None


def _points(first: float, last: float) -> str:
    """`+9%`, and more digits where a change would read as none or as all: `+0.4%`, `+99.96%`.

    Decimal, as the numbers are written: 0.82 to 0.865 is 4.5 points and not a little less.
    """
    points = (Decimal(str(last)) - Decimal(str(first))) * 100
    rounded = int(points.quantize(Decimal(1), ROUND_HALF_UP))
    is_precise = rounded == points or rounded not in (0, 100, -100)
    return f"{'' if points < 0 else '+'}{number_text(rounded if is_precise else points)}%"


def _in_words(name: str) -> str:
    """`entity_f1` as `entity F1`."""
    return " ".join("F1" if word == "f1" else word for word in name.split("_"))


def _is_share(value: Any) -> bool:
    return is_number(value) and 0 <= value <= 1
