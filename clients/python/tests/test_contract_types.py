"""The types that readers are given are what the service's `openapi.yaml` says: every key, and what it may be."""

import types
import typing
from pathlib import Path
from typing import Any

import pytest
import yaml
from aegis_tracker import contract_types, phases

SCHEMAS = yaml.safe_load((Path(__file__).resolve().parents[3] / "openapi.yaml").read_text())["components"]["schemas"]
NAMES = {
    "BestEvaluation": "BestEvaluation",
    "Budget": "Budget",
    "Candidate": "Candidate",
    "CandidateDetails": "CandidateDetails",
    "CandidateEnvelope": "CandidateEnvelope",
    "ComparedMetric": "ComparedMetric",
    "ComparedPhase": "ComparedPhase",
    "ComparedPrompt": "ComparedPrompt",
    "ComparedRun": "ComparedRun",
    "ComparedSetting": "ComparedSetting",
    "CostForecast": "CostForecast",
    "Domain": "Domain",
    "Evaluation": "Evaluation",
    "EvaluationEnvelope": "EvaluationEnvelope",
    "ExpectedPhase": "ExpectedPhase",
    "Forecast": "Forecast",
    "ForecastScore": "ForecastScore",
    "GapData": "GapData",
    "GapEnvelope": "GapEnvelope",
    "LogEntry": "TrainingLogEntry",
    "LogEnvelope": "LogEnvelope",
    "MarkScore": "MarkScore",
    "ModelUsage": "ModelUsage",
    "NewCandidate": "NewCandidate",
    "PastRun": "PastRun",
    "PhaseTime": "PhaseTime",
    "Predictor": "Predictor",
    "RunUsage": "RunUsage",
    "StatusData": "StatusData",
    "StatusEnvelope": "StatusEnvelope",
    "Step": "Step",
    "TokensForecast": "TokensForecast",
    "TrainingComparison": "TrainingComparison",
    "TrainingEvent": "TrainingEvent",
    "TrainingHistory": "TrainingHistory",
    "TrainingRun": "TrainingRun",
    "TrainingStatus": "TrainingStatus",
    "UsageForecast": "UsageForecast",
    "UsageForecastScore": "UsageForecastScore",
    "UsageMarkScore": "UsageMarkScore",
    "UsageTotals": "UsageTotals",
}
SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null", Any: "anything"}


def told_by_schema(schema: dict[str, Any]) -> Any:
    """What values may be, as a set of alternatives."""
    if "$ref" in schema:
        return told_by_schema(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return frozenset().union(*map(told_by_schema, schema[several]))
    if "enum" in schema:
        return frozenset({"string"} if tuple(schema["enum"]) == phases.PHASES else schema["enum"])
    kinds = schema.get("type", "anything")
    return frozenset(told_by_kind(kind, schema) for kind in (kinds if isinstance(kinds, list) else [kinds]))


def told_by_kind(kind: str, schema: dict[str, Any]) -> Any:
    if kind == "array":
        return "array", told_by_schema(schema["items"])
    if kind == "object" and "properties" in schema:
        assert set(schema["required"]) == set(schema["properties"])
        return "object", frozenset((name, told_by_schema(part)) for name, part in schema["properties"].items())
    if kind != "object":
        return kind
    values = schema["additionalProperties"]
    return "map", told_by_schema({} if values is True else values)


def told_by_type(hint: Any) -> Any:
    """The same of a type."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return frozenset().union(*map(told_by_type, parts))
    if origin is typing.Literal:
        return frozenset(parts)
    if origin is list:
        return frozenset({("array", told_by_type(parts[0]))})
    if origin is dict:
        assert parts[0] is str
        return frozenset({("map", told_by_type(parts[1]))})
    if typing.is_typeddict(hint):
        assert not hint.__optional_keys__
        members = typing.get_type_hints(hint).items()
        return frozenset({("object", frozenset((name, told_by_type(part)) for name, part in members))})
    return frozenset({SIMPLE[hint]})


@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_the_service_says(name: str):
    assert told_by_type(getattr(contract_types, name)) == told_by_schema(SCHEMAS[NAMES[name]])


def test_none_is_left_out():
    public = {name for name, value in vars(contract_types).items() if typing.is_typeddict(value) and name[0] != "_"}
    assert public <= NAMES.keys()
