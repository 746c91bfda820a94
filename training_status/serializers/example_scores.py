"""How candidates did on each example, as clients see it: lists for each field, and a character for each score."""

import math
from typing import Any, Final

from rest_framework import serializers

from training_status.optimizer_terms import SPLITS
from training_status.read.example_scores import ExampleScore, ExampleScores

NOT_EVALUATED: Final = "."
FAILED: Final = "x"
_LEVELS: Final = 10


class RankedCandidatesSerializer(serializers.Serializer):
    """Candidates, the best first, as lists of the same length."""

    candidate = serializers.ListField(child=serializers.CharField())
    evaluation = serializers.ListField(child=serializers.IntegerField(min_value=1), help_text="The best one's number.")
    score = serializers.ListField(child=serializers.FloatField())


class HardestExamplesSerializer(serializers.Serializer):
    """Examples, the hardest first, as lists of the same length. The counts are of all candidates."""

    example = serializers.ListField(child=serializers.CharField())
    solved_count = serializers.ListField(child=serializers.IntegerField(min_value=0))
    evaluated_count = serializers.ListField(child=serializers.IntegerField(min_value=1))
    best_score = serializers.ListField(child=serializers.FloatField(allow_null=True))


class ExampleScoresSerializer(serializers.Serializer):
    """How the best candidates did on the hardest examples. Made of `ExampleScores`."""

    metric = serializers.CharField(allow_null=True)
    lower_is_better = serializers.BooleanField()
    split = serializers.ChoiceField(choices=SPLITS, allow_null=True)
    splits = serializers.ListField(child=serializers.ChoiceField(choices=SPLITS), help_text="With scores of examples.")
    solved_from = serializers.FloatField(help_text="The score from which an example is solved.")
    lowest = serializers.FloatField(help_text="Where level 0 begins.")
    highest = serializers.FloatField(help_text="Where level 9 ends.")
    example_count = serializers.IntegerField(min_value=0, help_text="Of all, shown or not.")
    unsolved_count = serializers.IntegerField(min_value=0, help_text="Examples that no candidate solves.")
    candidate_count = serializers.IntegerField(min_value=0, help_text="Of all, shown or not.")
    is_exact = serializers.BooleanField(help_text="False if only a part of the evaluations was counted.")
    offset = serializers.IntegerField(min_value=0)
    candidates = RankedCandidatesSerializer()
    examples = HardestExamplesSerializer()
    cells = serializers.ListField(
        child=serializers.CharField(),
        help_text="For each candidate a character for each example: the level 0 to 9 of the score between `lowest` and"
        f" `highest`, `{FAILED}` for a failure, `{NOT_EVALUATED}` for an example that it was not evaluated on.",
    )

    def to_representation(self, instance: ExampleScores) -> dict[str, Any]:
        """All fields. `lower_is_better` is passed in the context."""
        found = instance
        return {
            "metric": found.metric,
            "lower_is_better": self.context["lower_is_better"],
            "split": found.split,
            "splits": found.splits,
            "solved_from": found.solved_from,
            "lowest": found.lowest,
            "highest": found.highest,
            "example_count": found.example_count,
            "unsolved_count": found.unsolved_count,
            "candidate_count": found.candidate_count,
            "is_exact": found.counted == found.evaluations,
            "offset": found.offset,
            "candidates": {
                "candidate": [one.name for one in found.candidates],
                "evaluation": [one.evaluation for one in found.candidates],
                "score": [one.score for one in found.candidates],
            },
            "examples": {
                "example": [one.name for one in found.examples],
                "solved_count": [one.solved for one in found.examples],
                "evaluated_count": [one.evaluated for one in found.examples],
                "best_score": [one.best for one in found.examples],
            },
            "cells": _cells(found),
        }


class OneExampleSerializer(serializers.Serializer):
    """The exact scores of candidates on one example, the best first, as lists of the same length."""

    metric = serializers.CharField(allow_null=True)
    split = serializers.ChoiceField(choices=SPLITS, allow_null=True)
    example = serializers.CharField()
    candidate = serializers.ListField(child=serializers.CharField())
    evaluation = serializers.ListField(child=serializers.IntegerField(min_value=1))
    score = serializers.ListField(child=serializers.FloatField(allow_null=True), help_text="Null for a failure.")

    def to_representation(self, instance: list[ExampleScore]) -> dict[str, Any]:
        """All fields. `metric`, `split` and `example` are passed in the context."""
        return {
            **{name: self.context[name] for name in ("metric", "split", "example")},
            "candidate": [one.candidate for one in instance],
            "evaluation": [one.evaluation for one in instance],
            "score": [one.score for one in instance],
        }


def _cells(found: ExampleScores) -> list[str]:
    names = [example.name for example in found.examples]
    extent = found.highest / 2 - found.lowest / 2  # halves: of an extent that is no number any more, these are
    characters = [str(level) for level in range(_LEVELS)]

    def character(score: float | None) -> str:
        if score is None:
            return FAILED
        share = (score / 2 - found.lowest / 2) / extent
        return characters[min(_LEVELS - 1, math.floor(share * _LEVELS))]

    return ["".join(character(row[name]) if name in row else NOT_EVALUATED for name in names) for row in found.scores]
