"""The status object: the displayed status of a run at one moment, the same for REST, streams and pages.

`to_representation` builds it directly from the stored fields and one `now`; the declared fields describe it in the
OpenAPI document.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from rest_framework import serializers

from training_status import displayed_state, run_states
from training_status.forecast.linear import linear_completion
from training_status.metric_directions import directions
from training_status.phases import (
    PHASE_NAMES,
    STEP_STATUSES,
    STEPS_WHEN_COMPLETED,
    STEPS_WHEN_PENDING,
    Step,
    displayed_phase,
    steps_when_failed,
    steps_while_running,
)
from training_status.read.run_facts import RunFacts
from training_status.serializers.best_evaluation import BestEvaluationSerializer, best_evaluation
from training_status.serializers.budget import BudgetSerializer, budget
from training_status.serializers.forecast import ForecastSerializer, forecast_at
from training_status.serializers.free_objects import HigherIsBetterField, MetricsField
from training_status.serializers.times import milliseconds_between, utc_text
from training_status.serializers.usage import UsageTotalsSerializer, usage_totals
from training_status.serializers.usage_forecast import UsageForecastSerializer, usage_forecast


class StepSerializer(serializers.Serializer):
    """A step: a phase with its status and progress."""

    name = serializers.ChoiceField(choices=PHASE_NAMES)
    status = serializers.ChoiceField(choices=STEP_STATUSES)
    progress = serializers.IntegerField(min_value=0, max_value=100)
    share = serializers.FloatField(min_value=0, max_value=100, help_text="The share of the whole run, in percent.")


class TrainingStatusSerializer(serializers.Serializer):
    """The status of a run at one moment.

    Made of `RunFacts`. The context may contain `now`, the time that everything is computed for.
    """

    domain_name = serializers.CharField()
    training_run_id = serializers.UUIDField()
    run_number = serializers.IntegerField(min_value=1)
    status = serializers.ChoiceField(choices=tuple(run_states.SHOWN_STATUS.values()))
    progress = serializers.IntegerField(
        min_value=0, max_value=100, help_text="Overall percentage, rounded down; at most 99 until completed."
    )
    progress_percent = serializers.FloatField(min_value=0, max_value=100, help_text="Overall percentage, unrounded.")
    current_step = serializers.ChoiceField(choices=PHASE_NAMES, help_text="The furthest phase entered.")
    steps = StepSerializer(many=True, help_text="All steps, in order.")
    message = serializers.CharField(allow_null=True, help_text="The latest progress message.")
    metrics = MetricsField(help_text="The latest value of each metric.")
    baseline_metrics = MetricsField(
        allow_null=True,
        help_text="Final metrics of the domain's pinned baseline; without one, and for that run"
        " itself, of the last completed run with a lower number.",
    )
    baseline_run_number = serializers.IntegerField(
        allow_null=True, min_value=1, help_text="The number of the run with `baseline_metrics`."
    )
    higher_is_better = HigherIsBetterField(
        help_text="Of the numeric metrics whose direction is known. A difference in others is neither better nor worse."
    )
    started_at = serializers.DateTimeField(allow_null=True)
    estimated_completion = serializers.DateTimeField(
        allow_null=True, help_text="The end of the run if its pace so far continues."
    )
    forecast = ForecastSerializer(allow_null=True, help_text="The learned forecast.")
    elapsed_time_ms = serializers.IntegerField(allow_null=True, min_value=0)
    completed_at = serializers.DateTimeField(allow_null=True, help_text="When the run ended, also if it failed.")
    last_report_at = serializers.DateTimeField(help_text="When the last event or heartbeat was received.")
    health = serializers.ChoiceField(
        choices=run_states.HEALTHS,
        allow_null=True,
        help_text="`stalled`: no report; `hanging`: heartbeats but no event; null if finished.",
    )
    failure_reason = serializers.ChoiceField(choices=run_states.FAILURE_REASONS, allow_null=True)
    error_message = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_null=True, help_text="Equal to `error_message`.")
    cancel_requested = serializers.BooleanField()
    cancel_reason = serializers.CharField(
        allow_null=True, help_text="Which limit of the budget was reached, if that is why the cancel was requested."
    )
    best = BestEvaluationSerializer(allow_null=True, help_text="The best evaluation of the metric evaluated last.")
    usage = UsageTotalsSerializer(help_text="What the calls of language models added up to.")
    budget = BudgetSerializer(allow_null=True, help_text="The limits of the run. Null without any.")
    usage_forecast = UsageForecastSerializer(
        allow_null=True, help_text="What the run will have used at its end. Null while unknown, and once it has ended."
    )

    def to_representation(self, instance: RunFacts) -> dict[str, Any]:
        """The status object of the contract; all fields always present."""
        now: datetime = self.context.get("now") or timezone.now()
        run = instance
        state, reason, ended_at = displayed_state.displayed_state(run, now)
        percent = run.progress_percent
        elapsed_ms = milliseconds_between(run.started_at, ended_at or now)
        estimated_completion = None
        if state == run_states.RUNNING and elapsed_ms is not None:
            estimated_completion = linear_completion(now=now, elapsed_ms=elapsed_ms, percent=percent)
        health = displayed_state.health(run, now)
        error = displayed_state.error_message(run, reason)
        computed = {
            "training_run_id": str(run.public_id),
            "status": run_states.SHOWN_STATUS[state],
            "progress": 100 if state == run_states.COMPLETED else min(int(percent), 99),
            "current_step": current_step(run, state),
            "steps": [step._asdict() for step in _steps(run, state)],
            "higher_is_better": directions(run.metrics, run.declared_directions),
            "started_at": utc_text(run.started_at),
            "estimated_completion": utc_text(estimated_completion),
            "forecast": forecast_at(run, state=state, health=health, elapsed_ms=elapsed_ms, now=now),
            "elapsed_time_ms": elapsed_ms,
            "completed_at": utc_text(ended_at),
            "last_report_at": utc_text(run.last_report_at),
            "health": health,
            "failure_reason": reason,
            "error_message": error,
            "error": error,
            "cancel_requested": run.cancel_requested_at is not None,
            "best": best_evaluation(run),
            "usage": usage_totals(run.usage),
            "budget": budget(run),
            "usage_forecast": usage_forecast(run, state=state),
        }
        return represented(STATUS_FIELDS, computed, run)


# In the order of the declaration. What is not computed is the stored fact of the same name.
STATUS_FIELDS: Final = tuple(TrainingStatusSerializer().fields.keys())


def represented(names: Iterable[str], computed: Mapping[str, Any], run: RunFacts) -> dict[str, Any]:
    """The fields of these names: computed, or as they are stored."""
    return {name: computed[name] if name in computed else getattr(run, name) for name in names}


def current_step(run: RunFacts, state: str) -> str:
    """The phase that people see for a run in this displayed state."""
    return displayed_phase(run.current_phase, is_completed=state == run_states.COMPLETED)


def _steps(run: RunFacts, state: str) -> list[Step]:
    if state == run_states.COMPLETED:
        return STEPS_WHEN_COMPLETED
    if state == run_states.FAILED:
        return steps_when_failed(run.progress_percent, current_step(run, state))
    if state == run_states.PENDING:
        return STEPS_WHEN_PENDING
    return steps_while_running(run.progress_percent)
