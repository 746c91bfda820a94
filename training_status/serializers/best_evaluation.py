"""The best evaluation of a run, as the status shows it."""

from typing import Any

from rest_framework import serializers

from training_status.best_evaluations import best_of
from training_status.read.run_facts import RunFacts


class BestEvaluationSerializer(serializers.Serializer):
    """The highest score on the largest split, or the lowest if lower is better."""

    candidate = serializers.CharField()
    metric = serializers.CharField()
    score = serializers.FloatField()
    at = serializers.DateTimeField()


def best_evaluation(run: RunFacts, metric: str | None = None) -> dict[str, Any] | None:
    """Return the best evaluation of a metric, by default the one that was evaluated last; None without any."""
    found = best_of(run.best, metric, run.declared_directions)
    if found is None:
        return None
    name, scored = found
    return {"candidate": scored.candidate, "metric": name, "score": scored.score, "at": scored.at}
