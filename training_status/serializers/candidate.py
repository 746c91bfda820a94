"""Candidates and evaluations of a run, as clients see them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from training_status.optimizer_terms import ORIGINS, SPLITS
from training_status.phases import PHASE_NAMES
from training_status.read.candidates import CandidateScore, Program
from training_status.read.evaluations import EvaluationFacts, EvaluationWithExamples
from training_status.read.new_findings import NewCandidateFacts
from training_status.serializers.times import utc_text

OMITTED = ("predictors", "state")


class NewCandidateSerializer(serializers.Serializer):
    """A candidate as it was reported. Made of a `NewCandidateFacts`."""

    candidate = serializers.CharField()
    number = serializers.IntegerField(min_value=1, help_text="1, 2, 3 … in the run.")
    origin = serializers.ChoiceField(choices=ORIGINS)
    parents = serializers.ListField(child=serializers.CharField())
    omitted = serializers.ListField(
        child=serializers.ChoiceField(choices=OMITTED), help_text="What the reporter left out."
    )
    has_program = serializers.BooleanField(help_text="Whether its state was reported.")
    at = serializers.DateTimeField(help_text="When it was reported.")
    phase = serializers.ChoiceField(choices=PHASE_NAMES)

    def to_representation(self, instance: NewCandidateFacts | CandidateScore) -> dict[str, Any]:
        """All fields."""
        return {
            "candidate": instance.name,
            "number": instance.number,
            "origin": instance.origin,
            "parents": instance.parents,
            "omitted": instance.omitted,
            "has_program": instance.has_program,
            "at": utc_text(instance.reported_at),
            "phase": instance.phase,
        }


class CandidateSerializer(NewCandidateSerializer):
    """A candidate, with its best evaluation of one metric. Made of a `CandidateScore`."""

    number = serializers.IntegerField(
        allow_null=True, min_value=1, help_text="Null for a candidate that only evaluations name."
    )
    origin = serializers.ChoiceField(choices=ORIGINS, allow_null=True)
    metric = serializers.CharField(allow_null=True)
    score = serializers.FloatField(allow_null=True, help_text="On the largest split on which it was evaluated.")
    split = serializers.ChoiceField(choices=SPLITS, allow_null=True)
    example_count = serializers.IntegerField(allow_null=True, min_value=0)
    evaluation_count = serializers.IntegerField(min_value=0, help_text="Its evaluations of this metric.")

    def to_representation(self, instance: NewCandidateFacts | CandidateScore) -> dict[str, Any]:
        """All fields."""
        assert isinstance(instance, CandidateScore)
        return super().to_representation(instance) | {
            "metric": instance.metric,
            "score": instance.score,
            "split": instance.split,
            "example_count": instance.example_count,
            "evaluation_count": instance.evaluation_count,
        }


class PredictorSerializer(serializers.Serializer):
    """One predictor of a program."""

    instruction = serializers.CharField(allow_null=True)
    demonstrations = serializers.ListField(child=serializers.DictField())


class EvaluationSerializer(serializers.Serializer):
    """An evaluation of a candidate. Made of an `EvaluationFacts`."""

    number = serializers.IntegerField(min_value=1)
    candidate = serializers.CharField()
    metric = serializers.CharField()
    score = serializers.FloatField()
    split = serializers.ChoiceField(choices=SPLITS)
    example_count = serializers.IntegerField(min_value=0)
    error_count = serializers.IntegerField(min_value=0)
    duration_ms = serializers.FloatField(allow_null=True, min_value=0)
    at = serializers.DateTimeField()
    phase = serializers.ChoiceField(choices=PHASE_NAMES)

    def to_representation(self, instance: EvaluationFacts) -> dict[str, Any]:
        """All fields."""
        return {
            "number": instance.number,
            "candidate": instance.candidate,
            "metric": instance.metric,
            "score": instance.score,
            "split": instance.split,
            "example_count": instance.example_count,
            "error_count": instance.error_count,
            "duration_ms": instance.duration_ms,
            "at": utc_text(instance.reported_at),
            "phase": instance.phase,
        }


class EvaluationDetailsSerializer(EvaluationSerializer):
    """An evaluation with the scores of its examples. Made of an `EvaluationWithExamples`."""

    example_scores = serializers.ListField(
        child=serializers.FloatField(allow_null=True), allow_null=True, help_text="Null for an example that failed."
    )
    example_ids = serializers.ListField(child=serializers.CharField(), allow_null=True)

    def to_representation(self, instance: EvaluationFacts) -> dict[str, Any]:
        """All fields."""
        assert isinstance(instance, EvaluationWithExamples)
        examples = {"example_scores": instance.example_scores, "example_ids": instance.example_ids}
        return super().to_representation(instance) | examples


@extend_schema_field({"$ref": "#/components/schemas/ProgramState"})
class ProgramStateField(serializers.JSONField):
    """The state of a program as DSPy writes it."""


class CandidateDetailsSerializer(CandidateSerializer):
    """A candidate with its program and its latest evaluations. `program` is passed in the context."""

    predictors = serializers.DictField(child=PredictorSerializer(), allow_null=True, help_text="By name.")
    state = ProgramStateField(allow_null=True)
    evaluations = EvaluationSerializer(many=True, help_text="The latest 100 at most, of all metrics.")

    def to_representation(self, instance: NewCandidateFacts | CandidateScore) -> dict[str, Any]:
        """All fields."""
        program: Program = self.context["program"]
        evaluations = EvaluationSerializer(self.context["evaluations"], many=True).data
        return super().to_representation(instance) | {
            "predictors": program.predictors,
            "state": program.decoded_state,
            "evaluations": evaluations,
        }
