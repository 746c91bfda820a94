"""Log entries as clients see them."""

from typing import Any

from rest_framework import serializers

from training_status.log_levels import LEVEL_NAMES, LEVELS
from training_status.read.logs import LogLine
from training_status.serializers.free_objects import MetricsField
from training_status.serializers.times import utc_text


class TrainingLogEntrySerializer(serializers.Serializer):
    """A log entry. Made of a `LogLine`."""

    timestamp = serializers.DateTimeField(help_text="By the reporter's clock.")
    level = serializers.ChoiceField(choices=LEVELS)
    message = serializers.CharField()
    step = serializers.CharField(allow_null=True)
    metrics = MetricsField(allow_null=True)
    seq = serializers.IntegerField(min_value=1, help_text="1, 2, 3 … in the order of the run, without gaps.")

    def to_representation(self, instance: LogLine) -> dict[str, Any]:
        """Return the entry; `step` and `metrics` may be null."""
        return {
            "timestamp": utc_text(instance.timestamp),
            "level": LEVEL_NAMES[instance.level],
            "message": instance.message,
            "step": instance.step,
            "metrics": instance.metrics,
            "seq": instance.seq,
        }
