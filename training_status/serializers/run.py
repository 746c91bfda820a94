"""A run with what it was started with, and the answer to its reporter."""

from typing import Any

from rest_framework import serializers

from training_status import run_states
from training_status.read.run_facts import RunFacts
from training_status.serializers.metrics import ObjectField
from training_status.serializers.status import TrainingStatusSerializer
from training_status.serializers.times import utc_text


class TrainingRunSerializer(TrainingStatusSerializer):
    """The status object, plus what the run was started with and what people noted on it."""

    llm_model = serializers.CharField()
    optimizer = serializers.CharField(allow_null=True)
    sample_count = serializers.IntegerField(allow_null=True, min_value=0)
    config = ObjectField()
    tags = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: RunFacts) -> dict[str, Any]:
        """All fields of the status object and the run's own."""
        return super().to_representation(instance) | {
            "llm_model": instance.llm_model,
            "optimizer": instance.optimizer,
            "sample_count": instance.sample_count,
            "config": instance.config,
            "tags": instance.tags,
            "note": instance.note,
            "created_at": utc_text(instance.created_at),
        }


class ReceiptSerializer(serializers.Serializer):
    """What a reporter is told. Made of a `Receipt`."""

    accepted = serializers.IntegerField(min_value=0, help_text="Events stored by this request.")
    duplicates = serializers.IntegerField(min_value=0, help_text="Events that had been stored before.")
    last_n = serializers.IntegerField(min_value=0, help_text="The highest event number stored.")
    status = serializers.ChoiceField(choices=tuple(run_states.SHOWN_STATUS.values()))
    cancel_requested = serializers.BooleanField(help_text="Somebody asked the training to stop.")
