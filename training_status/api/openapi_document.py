"""Completing the OpenAPI document of drf-spectacular: shared schemas, errors and formats."""

from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any, Final

from django.urls import get_script_prefix

from training_status.api.request_bodies import reference, request_body_schemas
from training_status.serializers.free_objects import FREE_OBJECT_SCHEMAS

_OPTIONAL_BODIES: Final = ("start_training_run",)  # every field of it can be left out, and so can all of it
_WITHOUT_A_SERVICE: Final = {"url": "http://127.0.0.1:8000", "description": "The service as `make run` starts it."}
_INT32_MAX: Final = 2**31 - 1
_INT64_MAX: Final = 2**63 - 1

_ERROR_SCHEMAS: Final[dict[str, Any]] = {
    "FieldError": {
        "type": "object",
        "description": "Which field is wrong, and why.",
        "properties": {
            "field": {"type": "string", "description": "As a path, such as `events[3].fraction`."},
            "detail": {"type": "string"},
        },
        "required": ["field", "detail"],
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457 problem details, the format of all errors.",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "A readable sentence."},
            "code": {"type": "string", "description": "A code for programs, such as `gap` or `run_finished`."},
            "errors": {"type": "array", "description": "For bad input.", "items": reference("FieldError")},
            "expected_n": {"type": "integer", "description": "The expected event number (409)."},
            "last_n": {"type": "integer", "description": "The highest event number stored (409)."},
        },
        "required": ["type", "title", "status", "detail", "code"],
    },
}
_ERROR: Final = {
    "description": "An error",
    "content": {"application/problem+json": {"schema": reference("Problem")}},
}


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook, the last one: complete the document in place, and return it."""
    schemas = result["components"]["schemas"]
    schemas |= request_body_schemas(schemas)
    schemas |= {**deepcopy(_ERROR_SCHEMAS), **deepcopy(FREE_OBJECT_SCHEMAS)}
    schemas["PastRun"]["additionalProperties"] = True  # the run's metrics, which no serializer can declare
    schemas.pop("NullEnum", None)
    for path in result["paths"].values():
        for operation in path.values():
            _complete_operation(operation)
    for schema in _schemas_in(result):
        _say_null_as_everywhere(schema)
        _say_format(schema)
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    # A document that the service itself hands out is about that service, by whatever name and path it was reached.
    server = _WITHOUT_A_SERVICE if request is None else {"url": get_script_prefix().rstrip("/") or "/"}
    return {"openapi": result.pop("openapi"), "info": result.pop("info"), "servers": [server], **result}


def _complete_operation(operation: dict[str, Any]) -> None:
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    if "requestBody" in operation:
        operation["requestBody"]["required"] = operation["operationId"] not in _OPTIONAL_BODIES
    for status, response in operation["responses"].items():
        response["description"] = response.get("description") or HTTPStatus(int(status)).phrase
    operation["responses"]["default"] = _ERROR


def _schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document, from the inside out: schemas are among them."""
    if isinstance(value, dict):
        for item in list(value.values()):
            yield from _schemas_in(item)
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _schemas_in(item)


def _say_null_as_everywhere(schema: dict[str, Any]) -> None:
    """In place of the component that drf-spectacular makes of null for nullable enums, of which clients make a type."""
    choices = schema.get("oneOf")
    if isinstance(choices, list):
        schema["oneOf"] = [{"type": "null"} if choice == reference("NullEnum") else choice for choice in choices]


def _say_format(schema: dict[str, Any]) -> None:
    """Clients in typed languages take an integer for one of 32 bits unless the document says otherwise."""
    types = schema.get("type")
    names = types if isinstance(types, list) else [types]
    if "integer" in names and "format" not in schema:
        schema["format"] = "int32" if schema.get("maximum", _INT64_MAX) <= _INT32_MAX else "int64"
        if schema.get("maximum") == _INT64_MAX:
            del schema["maximum"]
    elif "number" in names:
        schema.setdefault("format", "double")
