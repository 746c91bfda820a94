"""What the calls of language models added up to, as clients see it."""

from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from training_status.models.model_usage import COUNTS
from training_status.optimizer_terms import MODEL_ROLES
from training_status.phases import PHASE_NAMES


class UsageTotalsSerializer(serializers.Serializer):
    """Sums over all models."""

    calls = serializers.IntegerField(min_value=0, help_text="All calls, those that a cache answered included.")
    cached_calls = serializers.IntegerField(min_value=0, help_text="Calls that a cache answered.")
    errors = serializers.IntegerField(  # type: ignore[assignment]  # the stubs mean the property of that name
        min_value=0, help_text="Calls that failed."
    )
    input_tokens = serializers.IntegerField(min_value=0)
    output_tokens = serializers.IntegerField(min_value=0)
    cached_input_tokens = serializers.IntegerField(min_value=0, help_text="Input tokens that the provider had cached.")
    reasoning_tokens = serializers.IntegerField(min_value=0)
    unpriced_calls = serializers.IntegerField(min_value=0, help_text="Calls without a known cost.")
    cost = serializers.FloatField(
        allow_null=True, min_value=0, help_text="Null where no cost is known, and where there are several currencies."
    )
    currency = serializers.CharField(allow_null=True)
    duration_ms = serializers.FloatField(min_value=0, help_text="The sum of the calls' durations.")


class ModelUsageSerializer(UsageTotalsSerializer):
    """Sums of one model in one role and phase. Made of a `ModelUsageSum`."""

    phase = serializers.ChoiceField(choices=PHASE_NAMES)
    model = serializers.CharField()
    role = serializers.ChoiceField(choices=MODEL_ROLES)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """All fields."""
        return {
            "phase": instance.phase,
            "model": instance.model,
            "role": instance.role,
            **{name: getattr(instance, name) for name in COUNTS},
            "cost": None if instance.cost is None else float(instance.cost),
            "currency": instance.currency or None,
            "duration_ms": instance.duration_ms,
        }


_NOTHING: Final = dict.fromkeys(COUNTS, 0)


def usage_totals(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the totals from what is stored with the run (`ingest.usage_totals`); zeros before the first report."""
    costs = stored.get("costs", {})
    currency, cost = next(iter(costs.items())) if len(costs) == 1 else (None, None)
    return {
        **{name: stored.get(name, nothing) for name, nothing in _NOTHING.items()},
        "cost": None if cost is None else float(cost),
        "currency": currency,
        "duration_ms": stored.get("duration_ms", 0.0),
    }
