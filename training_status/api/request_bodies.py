"""Request bodies in the OpenAPI document, generated from the types that validate them.

msgspec generates JSON Schema for validators. This module converts it to the style of the rest of the document, which
generators of clients understand: unions by `oneOf`, nullable types as lists of types, shared enums by name.
"""

import inspect
from typing import Any, Final

import msgspec

from training_status.api.ticket_body import TicketRequest
from training_status.ingest.batch import Batch
from training_status.ingest.request_schemas import NO_FINAL_NEWLINE, DomainChange, NewDomain, NewRun, RunChange

REF: Final = "#/components/schemas/{name}"
_BODIES: Final[list[type[msgspec.Struct]]] = [Batch, NewDomain, DomainChange, NewRun, RunChange, TicketRequest]
_NULL: Final = {"type": "null"}
# Fields that are an object of anything for msgspec, and have a name of their own in the document.
_FREE_OBJECTS: Final = {
    "metrics": "Metrics",
    "result": "TrainingResult",
    "config": "RunConfig",
    "higher_is_better": "HigherIsBetter",
}


def body(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """A request's body as `extend_schema` takes it."""
    return {"application/json": reference(kind.__name__)}


def reference(name: str) -> dict[str, str]:
    """A reference to one of the document's schemas."""
    return {"$ref": REF.format(name=name)}


def request_body_schemas(named: dict[str, Any]) -> dict[str, Any]:
    """The schemas of all request bodies by name; an enum that `named` has already is referred to."""
    _, schemas = msgspec.json.schema_components(_BODIES, ref_template=REF)
    for schema in schemas.values():
        schema["description"] = inspect.cleandoc(schema["description"])
        for field, name in _FREE_OBJECTS.items():
            if field in schema["properties"]:
                is_nullable = _NULL in schema["properties"][field].get("anyOf", [])
                schema["properties"][field] = {"oneOf": [reference(name), _NULL]} if is_nullable else reference(name)
    events = schemas["Batch"]["properties"]["events"]
    schemas["ReportedEvent"] = {"description": "An event of a reporter.", **events["items"]}
    events["items"] = reference("ReportedEvent")
    enums = {tuple(schema["enum"]): name for name, schema in named.items() if len(schema.get("enum", ())) > 1}
    return {name: _plain(schema, enums) for name, schema in schemas.items()}


def _plain(schema: Any, enums: dict[tuple[str, ...], str]) -> Any:
    """The same schema in the words of the rest of the document."""
    if isinstance(schema, list):
        return [_plain(item, enums) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value, enums) for key, value in schema.items()}
    if "default" in plain and plain["default"] is None:
        del plain["default"]  # what is absent is null: nothing that a client would have to send
    if "enum" in plain:
        if name := enums.get(tuple(plain["enum"])):
            return reference(name)
        plain.setdefault("type", "string")
    if "pattern" in plain:  # in a JSON Schema `$` is the end, and some languages have no lookahead
        plain["pattern"] = plain["pattern"].removesuffix(NO_FINAL_NEWLINE)
    if "discriminator" in plain:
        plain["oneOf"] = plain.pop("anyOf")
    if _NULL in plain.get("anyOf", []):
        plain |= _nullable(plain.pop("anyOf"))
    return plain


def _nullable(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """What is of one type or null."""
    (part,) = (part for part in parts if part != _NULL)
    return {"oneOf": [part, _NULL]} if "$ref" in part else {**part, "type": [part["type"], "null"]}
