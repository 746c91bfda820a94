"""The status object: what people see of a run at one moment.

Built in one place for REST, streams and pages. `to_representation` makes the result directly from
stored facts and one `now`; the declared fields are its description for OpenAPI.
"""

from datetime import datetime, timedelta
from typing import Any, Protocol

from django.utils import timezone
from rest_framework import serializers

from training_status import run_states
from training_status.forecast.linear import linear_completion
from training_status.phases import (
    FIRST_PHASE,
    LAST_PHASE,
    PHASE_NAMES,
    STEP_STATUSES,
    STEPS_WHEN_COMPLETED,
    STEPS_WHEN_PENDING,
    Step,
    steps_when_failed,
    steps_while_running,
)
from training_status.read.run_facts import RunFacts
from training_status.serializers.forecast import ForecastSerializer, forecast_at
from training_status.serializers.free_objects import MetricsField
from training_status.serializers.times import milliseconds_between, utc_text


class StepSerializer(serializers.Serializer):
    """One of the seven steps."""

    name = serializers.ChoiceField(choices=PHASE_NAMES)
    status = serializers.ChoiceField(choices=STEP_STATUSES)
    progress = serializers.IntegerField(min_value=0, max_value=100)


class TrainingStatusSerializer(serializers.Serializer):
    """How a run is going at one moment.

    Made of `RunFacts`; the context may give `now`, the moment that everything is computed for.
    """

    domain_name = serializers.CharField()
    training_run_id = serializers.UUIDField()
    run_number = serializers.IntegerField(min_value=1)
    status = serializers.ChoiceField(choices=tuple(run_states.SHOWN_STATUS.values()))
    progress = serializers.IntegerField(
        min_value=0, max_value=100, help_text="Overall percentage, rounded down; at most 99 until completed."
    )
    current_step = serializers.ChoiceField(choices=PHASE_NAMES, help_text="The furthest phase entered.")
    steps = StepSerializer(many=True, help_text="All seven, in order.")
    message = serializers.CharField(allow_null=True, help_text="The latest progress message.")
    metrics = MetricsField(help_text="The latest value of each metric.")
    baseline_metrics = MetricsField(
        allow_null=True,
        help_text="Final metrics of the run that is pinned as the domain's baseline; without one, and for that run"
        " itself, of the last completed run with a lower number.",
    )
    baseline_run_number = serializers.IntegerField(
        allow_null=True, min_value=1, help_text="The run that `baseline_metrics` are of."
    )
    started_at = serializers.DateTimeField(allow_null=True)
    estimated_completion = serializers.DateTimeField(allow_null=True, help_text="If the pace so far goes on.")
    forecast = ForecastSerializer(allow_null=True, help_text="The learned estimate.")
    elapsed_time_ms = serializers.IntegerField(allow_null=True, min_value=0)
    completed_at = serializers.DateTimeField(allow_null=True, help_text="When the run ended, also when it failed.")
    last_report_at = serializers.DateTimeField(help_text="When the service last heard of the reporter.")
    health = serializers.ChoiceField(
        choices=run_states.HEALTHS,
        allow_null=True,
        help_text="`stalled`: nothing heard; `hanging`: heartbeats but no event; null when finished.",
    )
    failure_reason = serializers.ChoiceField(choices=run_states.FAILURE_REASONS, allow_null=True)
    error_message = serializers.CharField(allow_null=True)
    cancel_requested = serializers.BooleanField()

    def to_representation(self, instance: RunFacts) -> dict[str, Any]:
        """The status object of the contract; all fields always present."""
        now: datetime = self.context.get("now") or timezone.now()
        run = instance
        state, reason, ended_at = state_at(run, now)
        percent = run.progress_percent
        elapsed_ms = milliseconds_between(run.started_at, ended_at or now)
        estimated_completion = None
        if state == run_states.RUNNING and elapsed_ms is not None:
            estimated_completion = linear_completion(now=now, elapsed_ms=elapsed_ms, percent=percent)
        health = run_states.health(
            state=state,
            last_report_at=run.last_report_at,
            last_event_at=run.last_event_at,
            now=now,
            stall_limit=timedelta(seconds=run.stall_limit_s),
            hang_limit=timedelta(seconds=run.hang_limit_s),
        )
        return {
            "domain_name": run.domain_name,
            "training_run_id": str(run.public_id),
            "run_number": run.run_number,
            "status": run_states.SHOWN_STATUS[state],
            "progress": 100 if state == run_states.COMPLETED else min(int(percent), 99),
            "current_step": current_step(run, state),
            "steps": [step._asdict() for step in _steps(run, state)],
            "message": run.message,
            "metrics": run.metrics,
            "baseline_metrics": run.baseline_metrics,
            "baseline_run_number": run.baseline_run_number,
            "started_at": utc_text(run.started_at),
            "estimated_completion": utc_text(estimated_completion),
            "forecast": forecast_at(run, state=state, health=health, elapsed_ms=elapsed_ms, now=now),
            "elapsed_time_ms": elapsed_ms,
            "completed_at": utc_text(ended_at),
            "last_report_at": utc_text(run.last_report_at),
            "health": health,
            "failure_reason": reason,
            "error_message": run.error_message,
            "cancel_requested": run.cancel_requested_at is not None,
        }


class Course(Protocol):
    """What of a run says in which state it is at some moment."""

    @property
    def state(self) -> str: ...
    @property
    def failure_reason(self) -> str | None: ...
    @property
    def cancel_requested_at(self) -> datetime | None: ...
    @property
    def last_report_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def stall_limit_s(self) -> float: ...


def state_at(run: Course, now: datetime) -> tuple[str, str | None, datetime | None]:
    """The run's state, failure reason and end as they are at `now`."""
    given_up_at = run_states.given_up_at(
        state=run.state,
        cancel_requested_at=run.cancel_requested_at,
        last_report_at=run.last_report_at,
        now=now,
        stall_limit=timedelta(seconds=run.stall_limit_s),
    )
    if given_up_at is not None:
        return run_states.FAILED, run_states.CANCELLED, given_up_at
    return run.state, run.failure_reason, run.ended_at


def current_step(run: RunFacts, state: str) -> str:
    """The furthest phase entered: the first while there is none, the last when the run is completed."""
    if state == run_states.COMPLETED:
        return LAST_PHASE.name
    return run.current_phase or FIRST_PHASE.name


def _steps(run: RunFacts, state: str) -> list[Step]:
    if state == run_states.COMPLETED:
        return STEPS_WHEN_COMPLETED
    if state == run_states.FAILED:
        return steps_when_failed(run.progress_percent, current_step(run, state))
    if state == run_states.PENDING:
        return STEPS_WHEN_PENDING
    return steps_while_running(run.progress_percent)
