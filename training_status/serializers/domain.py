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
            "latest_run": status,
        }
