"""What candidates say to a model, as clients see it."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from training_status.read.candidate_prompts import CandidatePrompts
from training_status.read.candidates import CandidateScore
from training_status.read.new_findings import NewCandidateFacts
from training_status.serializers.candidate import CandidateSerializer, PredictorSerializer


class ShownPredictorSerializer(PredictorSerializer):
    """One predictor of a program, or the beginning of what it says."""

    demonstration_count = serializers.IntegerField(min_value=0, help_text="Of all, shown or not.")


class CandidatePromptsSerializer(CandidateSerializer):
    """A candidate with what it says to models. `prompts`, a `CandidatePrompts`, is passed in the context."""

    predictors = serializers.DictField(child=ShownPredictorSerializer(), allow_null=True, help_text="By name.")
    is_cut_off = serializers.BooleanField(help_text="Whether there is more than is shown.")

    def to_representation(self, instance: NewCandidateFacts | CandidateScore) -> dict[str, Any]:
        """All fields."""
        prompts: CandidatePrompts = self.context["prompts"]
        predictors = prompts.predictors
        return super().to_representation(instance) | {
            "predictors": None if predictors is None else {name: asdict(one) for name, one in predictors.items()},
            "is_cut_off": prompts.is_cut_off,
        }


class ComparedPromptsSerializer(serializers.Serializer):
    """A candidate and the one that it is compared with. Made of two `CandidatePrompts`."""

    candidate = CandidatePromptsSerializer(allow_null=True, help_text="Null while the run has no candidate.")
    compared_with = CandidatePromptsSerializer(
        allow_null=True, help_text="Null for the initial candidate, and while no candidate was reported."
    )

    def to_representation(self, instance: tuple[CandidatePrompts | None, CandidatePrompts | None]) -> dict[str, Any]:
        """Both candidates."""
        candidate, compared_with = (
            one and CandidatePromptsSerializer(one.score, context={"prompts": one}).data for one in instance
        )
        return {"candidate": candidate, "compared_with": compared_with}
