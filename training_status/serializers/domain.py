"""A domain with the status of its latest run."""

from typing import Any

from rest_framework import serializers

from training_status.read.domains import DomainFacts
from training_status.serializers.free_objects import HigherIsBetterField
from training_status.serializers.status import TrainingStatusSerializer
from training_status.serializers.times import utc_text


class DomainSerializer(serializers.Serializer):
    """A domain with the status of its latest run. Made of `DomainFacts`."""

    name = serializers.CharField()
    description = serializers.CharField()
    llm_model = serializers.CharField()
    created_at = serializers.DateTimeField()
    stall_limit_s = serializers.FloatField(
        allow_null=True, help_text="Seconds without any report after which a run is stalled. Null: the setting."
    )
    hang_limit_s = serializers.FloatField(
        allow_null=True, help_text="Seconds with heartbeats but without an event after which a run is hanging."
    )
    lost_limit_s = serializers.FloatField(
        allow_null=True, help_text="Seconds without any report after which a run fails as lost."
    )
    kept_runs = serializers.IntegerField(
        allow_null=True, help_text="The number of newest finished runs whose logs are kept."
    )
    kept_days = serializers.FloatField(
        allow_null=True, help_text="The days after the end of a run for which its log is kept."
    )
    baseline_run_number = serializers.IntegerField(
        allow_null=True, min_value=1, help_text="The run that all others are compared with. Null: none is pinned."
    )
    higher_is_better = HigherIsBetterField(help_text="What is declared for the metrics of the domain's runs.")
    cost_limit = serializers.FloatField(
        allow_null=True, help_text="In `currency`: at which runs started without a limit of their own are cancelled."
    )
    currency = serializers.CharField(allow_null=True)
    tokens_limit = serializers.IntegerField(
        allow_null=True, help_text="Input and output tokens at which runs without a limit of their own are cancelled."
    )
    latest_run = TrainingStatusSerializer(allow_null=True, help_text="Null for a domain without a run.")

    def to_representation(self, instance: DomainFacts) -> dict[str, Any]:
        """Return the domain's own fields and the status object of its latest run."""
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
            "higher_is_better": instance.higher_is_better,
            "cost_limit": instance.cost_limit,
            "currency": instance.currency,
            "tokens_limit": instance.tokens_limit,
            "latest_run": status,
        }
