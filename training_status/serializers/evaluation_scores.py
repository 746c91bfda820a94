"""The scores of a run's evaluations as clients see them: a list for each field, because there are many."""

from typing import Any

from rest_framework import serializers

from training_status.optimizer_terms import SPLITS
from training_status.read.evaluation_scores import METRICS_MAX, EvaluationScores
from training_status.serializers.times import milliseconds_between, utc_text


class LargestSplitSerializer(serializers.Serializer):
    """What the best evaluation is chosen on."""

    split = serializers.ChoiceField(choices=SPLITS)
    example_count = serializers.IntegerField(min_value=0)


class SplitTotalSerializer(serializers.Serializer):
    """How many evaluations a split has."""

    split = serializers.ChoiceField(choices=SPLITS)
    evaluation_count = serializers.IntegerField(min_value=1)


class EvaluationPointsSerializer(serializers.Serializer):
    """Evaluations, in the order of their numbers, as lists of the same length."""

    number = serializers.ListField(child=serializers.IntegerField(min_value=1))
    candidate = serializers.ListField(child=serializers.CharField())
    score = serializers.ListField(child=serializers.FloatField())
    split = serializers.ListField(child=serializers.ChoiceField(choices=SPLITS))
    example_count = serializers.ListField(child=serializers.IntegerField(min_value=0))
    after_ms = serializers.ListField(child=serializers.IntegerField(), help_text="Since `first_at`.")
    is_best_so_far = serializers.ListField(
        child=serializers.BooleanField(), help_text="Whether no earlier one on the largest split was as good."
    )


class EvaluationScoresSerializer(serializers.Serializer):
    """The evaluations of one metric of a run. Made of `EvaluationScores`."""

    metric = serializers.CharField(allow_null=True)
    metrics = serializers.ListField(
        child=serializers.CharField(), help_text=f"Those of the run, {METRICS_MAX} at most; the most evaluated first."
    )
    lower_is_better = serializers.BooleanField()
    total = serializers.IntegerField(min_value=0, help_text="The number of evaluations, shown or not.")
    splits = SplitTotalSerializer(many=True)
    largest_split = LargestSplitSerializer(allow_null=True)
    first_at = serializers.DateTimeField(allow_null=True)
    points = EvaluationPointsSerializer()

    def to_representation(self, instance: EvaluationScores) -> dict[str, Any]:
        """All fields. `lower_is_better` is passed in the context."""
        points = instance.points
        first_at = points[0].at if points else None
        return {
            "metric": instance.metric,
            "metrics": instance.metrics,
            "lower_is_better": self.context["lower_is_better"],
            "total": sum(instance.totals.values()),
            "splits": [
                {"split": split, "evaluation_count": instance.totals[split]}
                for split in SPLITS
                if split in instance.totals
            ],
            "largest_split": instance.largest_split
            and {"split": instance.largest_split, "example_count": instance.largest_count},
            "first_at": utc_text(first_at),
            "points": {
                "number": [point.number for point in points],
                "candidate": [point.candidate for point in points],
                "score": [point.score for point in points],
                "split": [point.split for point in points],
                "example_count": [point.example_count for point in points],
                "after_ms": [milliseconds_between(first_at, point.at) for point in points],
                "is_best_so_far": [point.is_step for point in points],
            },
        }
