"""How right forecasts were, as clients see it."""

from typing import Any

from rest_framework import serializers

from training_status.forecast_methods import FORECAST_METHODS
from training_status.read.forecast_scores import MethodScore


class ScoreSerializer(serializers.Serializer):
    """What was forecast beside what happened."""

    forecasts = serializers.IntegerField(min_value=1)
    runs = serializers.IntegerField(min_value=1)
    error = serializers.FloatField(
        min_value=0, help_text="How far off on average, in parts of the time really left: 0.1 is a tenth of it."
    )
    linear_error = serializers.FloatField(min_value=0, help_text="The same of the linear formula, at the same moments.")
    covered = serializers.FloatField(
        min_value=0, max_value=1, help_text="The part of the truths that lay in the range told, which is to hold 0.8."
    )


class MarkScoreSerializer(ScoreSerializer):
    """The score of the forecasts made at one percentage of the runs."""

    percent = serializers.IntegerField(min_value=1, max_value=99)


class ForecastScoreSerializer(ScoreSerializer):
    """The score of all forecasts of a method. Made of a `MethodScore`."""

    method = serializers.ChoiceField(choices=FORECAST_METHODS)
    by_percent = MarkScoreSerializer(many=True)

    def to_representation(self, instance: MethodScore) -> dict[str, Any]:
        """The total, and below it each mark."""
        marks = [{"percent": percent, **score._asdict()} for percent, score in instance.by_percent.items()]
        return {"method": instance.method, **instance.total._asdict(), "by_percent": marks}
