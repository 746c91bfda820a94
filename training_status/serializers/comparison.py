"""The comparison of runs: each metric, phase, setting and prompt with a value for each run, in the requested order."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from training_status import run_states
from training_status.displayed_state import displayed_state
from training_status.metric_directions import shared_directions
from training_status.number_text import is_number
from training_status.phases import PHASE_NAMES
from training_status.read.comparison import PROMPTS_MAX, ComparedRun, prompt_characters
from training_status.serializers.configuration import OWN, differ, settings_of
from training_status.serializers.free_objects import HigherIsBetterField, MetricsField
from training_status.serializers.times import milliseconds_between, utc_text

METRICS_MAX: Final = 200
SETTINGS_MAX: Final = 300
METRICS, CONFIGURATION, PROMPTS = "metrics", "configuration", "prompts"


class Comparison(NamedTuple):
    """The runs in the requested order, and the domain's pinned baseline, if any."""

    domain_name: str
    runs: Sequence[ComparedRun]
    baseline: ComparedRun | None


@extend_schema_field({})
class AnyValueField(serializers.JSONField):
    """Any JSON value."""


class ComparedRunSerializer(serializers.Serializer):
    """A run that is compared."""

    run_number = serializers.IntegerField(min_value=1)
    training_run_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=tuple(run_states.SHOWN_STATUS.values()))
    failure_reason = serializers.ChoiceField(choices=run_states.FAILURE_REASONS, allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True, min_value=0, help_text="So far, for an active run.")
    metrics = MetricsField(help_text="The latest value of each metric.")
    llm_model = serializers.CharField()
    optimizer = serializers.CharField(allow_null=True)
    sample_count = serializers.IntegerField(allow_null=True, min_value=0)
    tags = serializers.ListField(child=serializers.CharField())


class ComparedMetricSerializer(serializers.Serializer):
    """A metric that is a number in at least one of the runs."""

    name = serializers.CharField()
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class ComparedPhaseSerializer(serializers.Serializer):
    """How long each run was in a phase."""

    phase = serializers.ChoiceField(choices=PHASE_NAMES)
    seconds = serializers.ListField(
        child=serializers.FloatField(allow_null=True, min_value=0),
        help_text="Null for a run that did not enter the phase.",
    )


class ComparedSettingSerializer(serializers.Serializer):
    """A setting that the runs were started with."""

    name = serializers.CharField(help_text="Nested settings have dotted names: `teacher.temperature`.")
    values = serializers.ListField(child=AnyValueField())
    differs = serializers.BooleanField(help_text="Whether the values differ.")


class ComparedPromptSerializer(serializers.Serializer):
    """A prompt of the results, or a part of one."""

    name = serializers.CharField(help_text="`entity`, or `entity.instruction` for a part of a prompt.")
    texts = serializers.ListField(child=serializers.CharField(allow_null=True))
    is_cut_off = serializers.BooleanField(help_text="Whether one of the texts was cut off.")


class TrainingComparisonSerializer(serializers.Serializer):
    """Runs of a domain side by side. Every list of values has one value for each run, in the order of the runs.

    Made of a `Comparison`; the context may give `now`.
    """

    domain_name = serializers.CharField()
    baseline_run_number = serializers.IntegerField(allow_null=True, min_value=1, help_text="The pinned run.")
    baseline_metrics = MetricsField(
        allow_null=True, help_text="Metrics of the pinned run, whether or not it is compared."
    )
    runs = ComparedRunSerializer(many=True, help_text="In the requested order.")
    metrics = ComparedMetricSerializer(many=True, help_text=f"By name; {METRICS_MAX} at most.")
    higher_is_better = HigherIsBetterField(
        help_text="Of the metrics above whose direction is known. It is unknown where runs declare different ones."
    )
    phases = ComparedPhaseSerializer(many=True, help_text="All phases, in order.")
    configuration = ComparedSettingSerializer(
        many=True,
        help_text=f"The model, the optimiser, the number of samples, then the config by name; {SETTINGS_MAX} at most,"
        " those that differ first to stay.",
    )
    prompts = ComparedPromptSerializer(many=True, help_text=f"By name; {PROMPTS_MAX} at most.")
    cut_off = serializers.MultipleChoiceField(
        choices=(METRICS, CONFIGURATION, PROMPTS), help_text="The lists that were cut off."
    )

    def to_representation(self, instance: Comparison) -> dict[str, Any]:
        """Return the comparison, with the names of the lists that were cut off."""
        now: datetime = self.context.get("now") or timezone.now()
        runs = instance.runs
        metrics = _metrics(runs)
        configuration = _configuration(runs)
        names = sorted({name for run in runs for name in run.prompts}, key=str.encode)
        cut_off = {
            METRICS: len(metrics) > METRICS_MAX,
            CONFIGURATION: len(configuration) > SETTINGS_MAX,
            PROMPTS: len(names) > PROMPTS_MAX,
        }
        return {
            "domain_name": instance.domain_name,
            "baseline_run_number": instance.baseline and instance.baseline.run_number,
            "baseline_metrics": instance.baseline and instance.baseline.metrics,
            "runs": [_run(run, now) for run in runs],
            "metrics": metrics[:METRICS_MAX],
            "higher_is_better": _directions(instance, metrics[:METRICS_MAX]),
            "phases": [{"phase": phase, "seconds": _each(runs, _seconds_in(phase, now))} for phase in PHASE_NAMES],
            "configuration": _those_that_tell(configuration),
            "prompts": [_prompt(runs, name) for name in names[:PROMPTS_MAX]],
            "cut_off": [name for name, is_cut_off in cut_off.items() if is_cut_off],
        }


def _each(runs: Sequence[ComparedRun], value: Callable[[ComparedRun], Any]) -> list[Any]:
    return [value(run) for run in runs]


def _run(run: ComparedRun, now: datetime) -> dict[str, Any]:
    state, reason, ended_at = displayed_state(run, now)
    return {
        "run_number": run.run_number,
        "training_run_id": str(run.public_id),
        "status": run_states.SHOWN_STATUS[state],
        "failure_reason": reason,
        "started_at": utc_text(run.started_at),
        "duration_ms": milliseconds_between(run.started_at, ended_at or now),
        "metrics": run.metrics,
        "llm_model": run.llm_model,
        "optimizer": run.optimizer,
        "sample_count": run.sample_count,
        "tags": run.tags,
    }


def _metrics(runs: Sequence[ComparedRun]) -> list[dict[str, Any]]:
    numbers = [{name: value for name, value in run.metrics.items() if is_number(value)} for run in runs]
    names = sorted({name for found in numbers for name in found})
    return [{"name": name, "values": [found.get(name) for found in numbers]} for name in names]


def _directions(comparison: Comparison, metrics: list[dict[str, Any]]) -> dict[str, bool]:
    """Return the directions of the metrics that are listed. The baseline counts whether or not it is compared."""
    runs = [*comparison.runs, *([comparison.baseline] if comparison.baseline else [])]
    known = shared_directions((run.metrics, run.declared_directions) for run in runs)
    return {metric["name"]: known[metric["name"]] for metric in metrics if metric["name"] in known}


def _seconds_in(phase: str, now: datetime) -> Callable[[ComparedRun], float | None]:
    def seconds(run: ComparedRun) -> float | None:
        times = next((times for times in run.phase_times if times.phase == phase), None)
        if times is None:
            return None
        _, _, run_ended_at = displayed_state(run, now)
        milliseconds = milliseconds_between(times.started_at, times.ended_at or run_ended_at or now)
        return None if milliseconds is None else milliseconds / 1000

    return seconds


def _configuration(runs: Sequence[ComparedRun]) -> list[dict[str, Any]]:
    """The runs' own fields, then the config's by name."""
    settings = _each(runs, lambda run: settings_of(_own(run), run.config))
    names = [*OWN, *sorted({name for found in settings for name in found} - set(OWN))]
    rows = ((name, [found.get(name) for found in settings]) for name in names)
    return [{"name": name, "values": values, "differs": differ(values)} for name, values in rows]


def _own(run: ComparedRun) -> Mapping[str, Any]:
    return {name: getattr(run, name) for name in OWN}


def _those_that_tell(configuration: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return at most SETTINGS_MAX settings, in their order. If there are more, those that differ are kept."""
    by_worth = sorted(range(len(configuration)), key=lambda place: not configuration[place]["differs"])
    return [configuration[place] for place in sorted(by_worth[:SETTINGS_MAX])]


def _prompt(runs: Sequence[ComparedRun], name: str) -> dict[str, Any]:
    limit = prompt_characters(len(runs))
    texts = _each(runs, lambda run: run.prompts.get(name))
    return {
        "name": name,
        "texts": [text and text[:limit] for text in texts],
        "is_cut_off": any(text is not None and len(text) > limit for text in texts),
    }
