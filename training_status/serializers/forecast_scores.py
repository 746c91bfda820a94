"""The accuracy of past forecasts, as clients see it."""

from typing import Any

from rest_framework import serializers

from training_status.forecast_methods import FORECAST_AMOUNTS, FORECAST_METHODS
from training_status.read.forecast_scores import MethodScore
from training_status.read.usage_forecast_scores import UsageMethodScore


class ScoreSerializer(serializers.Serializer):
    """The accuracy of some forecasts."""

    forecasts = serializers.IntegerField(min_value=1)
    runs = serializers.IntegerField(min_value=1)
    error = serializers.FloatField(
        min_value=0, help_text="The mean error as a part of the actual time left: 0.1 is 10 %."
    )
    linear_error = serializers.FloatField(
        min_value=0, help_text="The same error of the linear formula at the same times."
    )
    covered = serializers.FloatField(
        min_value=0, max_value=1, help_text="The part of actual times within the forecast range; 0.8 is intended."
    )


class MarkScoreSerializer(ScoreSerializer):
    """The score of the forecasts made at one percentage of the runs."""

    percent = serializers.IntegerField(min_value=1, max_value=99)


class ForecastScoreSerializer(ScoreSerializer):
    """The score of all forecasts of a method. Made of a `MethodScore`."""

    method = serializers.ChoiceField(choices=FORECAST_METHODS)
    by_percent = MarkScoreSerializer(many=True)

    def to_representation(self, instance: MethodScore) -> dict[str, Any]:
        """Return the total score and the score at each mark."""
        marks = [{"percent": percent, **score._asdict()} for percent, score in instance.by_percent.items()]
        return {"method": instance.method, **instance.total._asdict(), "by_percent": marks}


class UsageScoreSerializer(serializers.Serializer):
    """The accuracy of some forecasts of cost or tokens."""

    forecasts = serializers.IntegerField(min_value=1)
    runs = serializers.IntegerField(min_value=1)
    error = serializers.FloatField(
        min_value=0, help_text="The mean error as a part of what the whole run used: 0.1 is 10 %."
    )
    covered = serializers.FloatField(
        min_value=0, max_value=1, help_text="The part of actual amounts within the forecast range; 0.8 is intended."
    )


class UsageMarkScoreSerializer(UsageScoreSerializer):
    """The score of the forecasts made at one percentage of the runs."""

    percent = serializers.IntegerField(min_value=1, max_value=99)


class UsageForecastScoreSerializer(UsageScoreSerializer):
    """The score of all forecasts of cost or tokens by a method. Made of a `UsageMethodScore`."""

    amount = serializers.ChoiceField(choices=FORECAST_AMOUNTS)
    method = serializers.ChoiceField(choices=FORECAST_METHODS)
    by_percent = UsageMarkScoreSerializer(many=True)

    def to_representation(self, instance: UsageMethodScore) -> dict[str, Any]:
        """Return the total score and the score at each mark."""
        marks = [{"percent": percent, **score._asdict()} for percent, score in instance.by_percent.items()]
        return {
            "amount": instance.amount,
            "method": instance.method,
            **instance.total._asdict(),
            "by_percent": marks,
        }
