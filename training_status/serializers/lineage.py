"""Which candidates of a run came from which, as clients see it: a list for each field, because there are many."""

from typing import Any

from rest_framework import serializers

from training_status.optimizer_terms import ORIGINS, SPLITS
from training_status.read.lineage import Lineage


class LineageCandidatesSerializer(serializers.Serializer):
    """Candidates, in the order in which they were reported, as lists of the same length."""

    candidate = serializers.ListField(child=serializers.CharField())
    parents = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(min_value=0)),
        help_text="The places of its parents in these lists, from 0.",
    )
    child_count = serializers.ListField(child=serializers.IntegerField(min_value=0), help_text="Of all, shown or not.")
    origin = serializers.ListField(child=serializers.ChoiceField(choices=ORIGINS, allow_null=True))
    score = serializers.ListField(child=serializers.FloatField(allow_null=True))
    split = serializers.ListField(child=serializers.ChoiceField(choices=SPLITS, allow_null=True))
    example_count = serializers.ListField(child=serializers.IntegerField(allow_null=True, min_value=0))


class LineageSerializer(serializers.Serializer):
    """The candidates of a run with their parents. Made of a `Lineage`."""

    metric = serializers.CharField(allow_null=True)
    lower_is_better = serializers.BooleanField()
    best = serializers.CharField(allow_null=True, help_text="The name of the best candidate.")
    total = serializers.IntegerField(min_value=0, help_text="The number of candidates, shown or not.")
    candidates = LineageCandidatesSerializer()

    def to_representation(self, instance: Lineage) -> dict[str, Any]:
        """All fields. `metric` and `lower_is_better` are passed in the context."""
        shown = instance.candidates
        places = {candidate.name: place for place, candidate in enumerate(shown)}
        return {
            "metric": self.context["metric"],
            "lower_is_better": self.context["lower_is_better"],
            "best": instance.best,
            "total": instance.total,
            "candidates": {
                "candidate": [one.name for one in shown],
                "parents": [[places[name] for name in one.parents if name in places] for one in shown],
                "child_count": instance.child_counts,
                "origin": [one.origin for one in shown],
                "score": [one.score for one in shown],
                "split": [one.split for one in shown],
                "example_count": [one.example_count for one in shown],
            },
        }
