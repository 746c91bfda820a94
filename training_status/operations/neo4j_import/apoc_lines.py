"""Reading the lines of APOC's JSON export: a node or a relationship each.

Only `Domain` and `TrainingLog` nodes and `HAS_TRAINING_LOG` relationships are of interest. Their properties are decoded
on demand, since a log can be large.
"""

import json
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from training_status.errors import InvalidInput
from training_status.operations.neo4j_import.plain_values import storable

DOMAIN: Final = "Domain"
TRAINING_LOG: Final = "TrainingLog"
HAS_TRAINING_LOG: Final = "HAS_TRAINING_LOG"

T = TypeVar("T")


class Node(NamedTuple):
    """A domain or a log; `properties` is their JSON."""

    id: str
    label: str
    properties: msgspec.Raw


class Relationship(NamedTuple):
    """A domain has a log: the ids of both nodes."""

    domain_id: str
    log_id: str


class DomainProperties(msgspec.Struct):
    """Of a `Domain` node, what is imported. Values can be anything."""

    name: Any = None
    description: Any = None
    llm_model: Any = None
    llm_config: Any = None
    trained_at: Any = None
    entity_prompt: Any = None
    relation_prompt: Any = None


class LogFacts(msgspec.Struct):
    """Of a `TrainingLog` node, all but its messages. Values can be anything."""

    id: Any = None
    started_at: Any = None
    completed_at: Any = None
    status: Any = None
    current_step: Any = None
    progress_percent: Any = None
    metrics: Any = None
    error_message: Any = None


class LogProperties(LogFacts):
    """Of a `TrainingLog` node, what is imported."""

    log_messages: Any = None


class _End(msgspec.Struct):
    id: Any = None


class _Line(msgspec.Struct):
    type: Any = None
    id: Any = None
    labels: Any = None
    label: Any = None
    properties: msgspec.Raw = msgspec.Raw(b"{}")
    start: _End | None = None
    end: _End | None = None


def read_line(raw: bytes) -> Node | Relationship | None:
    """Return what a line contains; None for a node or a relationship of another kind.

    Raises InvalidInput. A line that is JSON but for lone surrogates or bytes that are not UTF-8 is read without those.
    """
    line = _decoded(raw.removeprefix(b"\xef\xbb\xbf"), _Line)
    if line.type == "node":
        labels = line.labels if isinstance(line.labels, list) else []
        label = next((name for name in (TRAINING_LOG, DOMAIN) if name in labels), None)
        return None if label is None else Node(_id(line.id), label, line.properties)
    if line.type == "relationship":
        if line.label != HAS_TRAINING_LOG:
            return None
        if line.start is None or line.end is None:
            raise InvalidInput("the relationship has no start or no end")
        return Relationship(_id(line.start.id), _id(line.end.id))
    raise InvalidInput('it is neither a node nor a relationship: its "type" is missing or another one')


def properties_of(node: Node, kind: type[T]) -> T:
    """Decode the properties of a node, as leniently as a line. Properties that are null or no object are all missing.

    Raises InvalidInput.
    """
    try:
        return msgspec.json.decode(node.properties, type=kind)
    except msgspec.ValidationError:
        return kind()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _decoded_leniently(bytes(node.properties), kind, str(error))


def _id(value: Any) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise InvalidInput("a node has no id")
    return str(value)


def _decoded(raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"it is not a node or a relationship as APOC writes them: {error}") from error
    except RecursionError as error:
        raise InvalidInput("it is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _decoded_leniently(raw, kind, str(error))


def _decoded_leniently(raw: bytes, kind: type[T], reason: str) -> T:
    """Decode a line again, with U+FFFD for what is no Unicode. Python's decoder also takes NaN and lone surrogates."""
    try:
        value = json.loads(raw.decode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"it is not valid JSON: {reason}") from error
    return _decoded(msgspec.json.encode(storable(value)), kind)
