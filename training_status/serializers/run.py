"""The run object: status and configuration of a run. Also the receipt that a reporter gets."""

from typing import Any, Final

from rest_framework import serializers

from training_status import run_states
from training_status.budget import BUDGET_STATES
from training_status.phases import PHASE_NAMES
from training_status.read.run_facts import RunFacts
from training_status.serializers.free_objects import RunConfigField
from training_status.serializers.status import STATUS_FIELDS, TrainingStatusSerializer, represented
from training_status.serializers.times import utc_text


class PhaseTimeSerializer(serializers.Serializer):
    """A phase that the run entered."""

    phase = serializers.ChoiceField(choices=PHASE_NAMES)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="Null for the current phase.")


class ExpectedPhaseSerializer(serializers.Serializer):
    """The expected duration of a phase."""

    phase = serializers.ChoiceField(choices=PHASE_NAMES)
    seconds = serializers.FloatField(min_value=0)


class TrainingRunSerializer(TrainingStatusSerializer):
    """The status object, with the configuration, tags and note of the run."""

    llm_model = serializers.CharField()
    optimizer = serializers.CharField(allow_null=True)
    sample_count = serializers.IntegerField(allow_null=True, min_value=0)
    config = RunConfigField()
    tags = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    candidate_count = serializers.IntegerField(min_value=0, help_text="Candidates that were reported.")
    evaluation_count = serializers.IntegerField(min_value=0)
    phase_times = PhaseTimeSerializer(many=True, help_text="The phases that the run entered, in order.")
    expected_phases = ExpectedPhaseSerializer(
        many=True,
        allow_null=True,
        help_text="The duration of each phase that earlier runs let expect; null without any.",
    )

    def to_representation(self, instance: RunFacts) -> dict[str, Any]:
        """All fields of the status object and the run's own."""
        computed = {
            "created_at": utc_text(instance.created_at),
            "phase_times": [
                {"phase": time.phase, "started_at": utc_text(time.started_at), "ended_at": utc_text(time.ended_at)}
                for time in instance.phase_times
            ],
            "expected_phases": _expected(instance.expected_phase_s),
        }
        return super().to_representation(instance) | represented(_OWN_FIELDS, computed, instance)


_OWN_FIELDS: Final = tuple(TrainingRunSerializer().fields.keys())[
    len(STATUS_FIELDS) :
]  # the status object's come first


def _expected(phase_s: list[float] | None) -> list[dict[str, Any]] | None:
    if phase_s is None:
        return None
    return [{"phase": name, "seconds": seconds} for name, seconds in zip(PHASE_NAMES, phase_s, strict=True)]


class ReceiptSerializer(serializers.Serializer):
    """The answer to a batch or a heartbeat. Made of a `Receipt`."""

    accepted = serializers.IntegerField(min_value=0, help_text="Events stored by this request.")
    duplicates = serializers.IntegerField(min_value=0, help_text="Events that were already stored.")
    last_n = serializers.IntegerField(min_value=0, help_text="The highest event number stored.")
    status = serializers.ChoiceField(choices=tuple(run_states.SHOWN_STATUS.values()))
    cancel_requested = serializers.BooleanField(
        help_text="Whether the training is asked to stop, by an operator or because its budget is used up."
    )
    budget = serializers.ChoiceField(
        choices=BUDGET_STATES, allow_null=True, help_text="As in the status. Null without a budget."
    )
