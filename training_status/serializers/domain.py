"""A domain with the status of its latest run."""

from typing import Any

from rest_framework import serializers

from training_status.read.domains import DomainFacts
from training_status.serializers.status import TrainingStatusSerializer
from training_status.serializers.times import utc_text


class DomainSerializer(serializers.Serializer):
    """A domain and how its latest run is going. Made of `DomainFacts`."""

    name = serializers.CharField()
    description = serializers.CharField()
    llm_model = serializers.CharField()
    created_at = serializers.DateTimeField()
    stall_limit_s = serializers.FloatField(
        allow_null=True, help_text="A run not heard of for so many seconds is stalled. Null: as the service is set."
    )
    hang_limit_s = serializers.FloatField(
        allow_null=True, help_text="A run with heartbeats but no event for so many seconds is hanging."
    )
    lost_limit_s = serializers.FloatField(
        allow_null=True, help_text="A run not heard of for so many seconds is given up as lost."
    )
    kept_runs = serializers.IntegerField(
        allow_null=True, help_text="The logs of so many finished runs are kept, the newest."
    )
    kept_days = serializers.FloatField(
        allow_null=True, help_text="The log of a run is kept for so many days after its end."
    )
    baseline_run_number = serializers.IntegerField(
        allow_null=True, min_value=1, help_text="The run that all others are compared with. Null: none is pinned."
    )
    latest_run = TrainingStatusSerializer(allow_null=True, help_text="Null for a domain never trained.")

    def to_representation(self, instance: DomainFacts) -> dict[str, Any]:
        """The domain's own fields and the status object of its latest run."""
        latest = instance.latest_run
        status = None if latest is None else TrainingStatusSerializer(context=self.context).to_representation(latest)
        return {
            "name": instance.name,
            "description": instance.description,
            "llm_model": instance.llm_model,
            "created_at": utc_text(instance.created_at),
            "stall_limit_s": instance.stall_limit_s,
            "hang_limit_s": instance.hang_limit_s,
            "lost_limit_s": instance.lost_limit_s,
            "kept_runs": instance.kept_runs,
            "kept_days": instance.kept_days,
            "baseline_run_number": instance.baseline_run_number,
            "latest_run": status,
        }
