"""The curves of a run's metrics as clients see them."""

from typing import Any

from rest_framework import serializers

from training_status.metric_directions import known_directions
from training_status.read.metric_curves import MetricCurves
from training_status.serializers.free_objects import HigherIsBetterField
from training_status.serializers.times import utc_text


class CurvePointSerializer(serializers.Serializer):
    """The value of a metric in one log entry."""

    seq = serializers.IntegerField(min_value=1, help_text="Of the log entry.")
    timestamp = serializers.DateTimeField(help_text="By the reporter's clock.")
    value = serializers.FloatField()


class MetricCurveSerializer(serializers.Serializer):
    """One metric over the run."""

    name = serializers.CharField()
    points = CurvePointSerializer(many=True, help_text="In the order of the log.")


class MetricCurvesSerializer(serializers.Serializer):
    """The numeric metrics of a run over its log, by name. Made of `MetricCurves`."""

    domain_name = serializers.CharField()
    run_number = serializers.IntegerField(min_value=1)
    curves = MetricCurveSerializer(many=True)
    higher_is_better = HigherIsBetterField(help_text="Of the curves' metrics whose direction is known.")
    first_seq = serializers.IntegerField(min_value=1, help_text="The oldest log entry kept.")
    last_seq = serializers.IntegerField(
        min_value=0, help_text="The newest log entry; later points come from entries after it."
    )
    is_exact = serializers.BooleanField(
        help_text="False if the time limit did not allow to read every entry; extremes may be missing."
    )

    def to_representation(self, instance: MetricCurves) -> dict[str, Any]:
        """A list of curves, because a metric may have any name."""
        run = instance.run
        return {
            "domain_name": run.domain_name,
            "run_number": run.run_number,
            "curves": [
                {
                    "name": name,
                    "points": [
                        {"seq": point.seq, "timestamp": utc_text(point.timestamp), "value": point.value}
                        for point in points
                    ],
                }
                for name, points in instance.curves.items()
            ],
            "higher_is_better": known_directions(instance.curves, run.declared_directions),
            "first_seq": run.first_seq,
            "last_seq": run.last_seq,
            "is_exact": instance.is_exact,
        }
