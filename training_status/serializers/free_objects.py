"""Objects in answers whose members are not known beforehand: metrics, and what a run was started with."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

# The schemas that the fields here refer to; `api.openapi_document` adds them to the document.
FREE_OBJECT_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    # Generated clients in Python take null for all of `oneOf`; those in TypeScript overlook a null among the three.
    "MetricValue": {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}]},
    "Metrics": {
        "type": "object",
        "description": "Values by name.",
        "additionalProperties": {"oneOf": [{"$ref": "#/components/schemas/MetricValue"}, {"type": "null"}]},
        "example": {"entity_f1": 0.87, "relation_f1": 0.82, "validation_accuracy": None},
    },
    "HigherIsBetter": {
        "type": "object",
        "description": "Whether a higher value of a metric is better (true) or a lower one (false), by its name.",
        "additionalProperties": {"type": "boolean"},
        "example": {"entity_f1": True, "completion_tokens": False},
    },
    "RunConfig": {
        "type": "object",
        "description": "What a run was started with, as its reporter sent it.",
        "additionalProperties": True,
    },
    "ProgramState": {
        "type": "object",
        "description": "The state of a program, as DSPy's `save` writes it and `load` reads it.",
        "additionalProperties": True,
    },
    "TrainingResult": {
        "type": "object",
        "description": "What a training produced, as its reporter sent it.",
        "additionalProperties": True,
    },
}


@extend_schema_field({"$ref": "#/components/schemas/Metrics"})
class MetricsField(serializers.JSONField):
    """An object of metrics, the latest value of each by name."""


@extend_schema_field({"$ref": "#/components/schemas/HigherIsBetter"})
class HigherIsBetterField(serializers.JSONField):
    """An object of booleans by the name of a metric. A metric that is missing has no known direction."""


@extend_schema_field({"$ref": "#/components/schemas/RunConfig"})
class RunConfigField(serializers.JSONField):
    """An object of whatever the reporter put in."""
