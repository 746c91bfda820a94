"""Metrics in the schema: null, bool, text or number, by name."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

METRICS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}, {"type": "null"}],
    },
    "example": {"entity_f1": 0.87, "relation_f1": 0.82, "validation_accuracy": None},
}


@extend_schema_field(METRICS_SCHEMA)
class MetricsField(serializers.JSONField):
    """An object of metrics, the latest value of each by name."""


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """An object of whatever its sender put in."""
