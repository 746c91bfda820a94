"""The lines of an export."""

import json

import pytest

from tests.support.neo4j_exports import domain_node, has_log, log_node
from training_status.errors import InvalidInput
from training_status.operations.neo4j_import.apoc_lines import (
    DomainProperties,
    LogProperties,
    Relationship,
    properties_of,
    read_line,
)


def line(value):
    return json.dumps(value).encode() + b"\n"


def test_a_domain_a_log_and_their_relationship():
    domain = read_line(line(domain_node(1, "medical")))
    log = read_line(line(log_node(2, "[]")))
    assert (domain.id, domain.label, properties_of(domain, DomainProperties).name) == ("1", "Domain", "medical")
    assert (log.id, log.label, properties_of(log, LogProperties).log_messages) == ("2", "TrainingLog", "[]")
    assert read_line(line(has_log(1, 2))) == Relationship("1", "2")


def test_ends_of_a_relationship_can_have_properties():
    value = has_log(1, 2)
    value["start"]["properties"] = domain_node(1, "medical")["properties"]
    assert read_line(line(value)) == Relationship("1", "2")


@pytest.mark.parametrize(
    "value",
    [
        {"type": "node", "id": "1", "labels": ["Chunk"], "properties": {"name": "x"}},
        {"type": "node", "id": "1", "properties": {}},
        {"type": "node", "id": "1", "labels": None},
        {"type": "relationship", "id": "1", "label": "MENTIONED_IN", "start": {"id": "1"}, "end": {"id": "2"}},
    ],
)
def test_others_are_of_no_interest(value):
    assert read_line(line(value)) is None


@pytest.mark.parametrize("properties", [None, [], "x"])
def test_a_node_without_properties_has_none(properties):
    node = read_line(line({"type": "node", "id": "1", "labels": ["Domain"], "properties": properties}))
    assert properties_of(node, DomainProperties) == DomainProperties()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"type":"node","id":"1","lab', "it is not valid JSON"),
        (b"hello", "it is not valid JSON"),
        (b"[1]", "it is not a node or a relationship as APOC writes them"),
        (b'{"type":' + b"[" * 100_000, "it is nested too deeply"),
        (b"{}", "it is neither a node nor a relationship"),
        (b'{"d":{"type":"node"}}', "it is neither a node nor a relationship"),
        (b'{"type":"node","labels":["Domain"]}', "a node has no id"),
        (b'{"type":"node","id":true,"labels":["Domain"]}', "a node has no id"),
        (b'{"type":"relationship","label":"HAS_TRAINING_LOG","start":{"id":"1"}}', "has no start or no end"),
        (b'{"type":"relationship","label":"HAS_TRAINING_LOG","start":1,"end":{}}', "as APOC writes them"),
    ],
)
def test_broken_lines(raw, reason):
    with pytest.raises(InvalidInput, match=reason):
        read_line(raw)


def test_a_line_with_what_is_no_unicode_is_read_without_it():
    properties = b'{"name":"a\xff","description":"b\\ud800"}'
    raw = b'\xef\xbb\xbf{"type":"node","id":"1","labels":["Domain"],"properties":' + properties + b"}"
    properties = properties_of(read_line(raw), DomainProperties)
    assert (properties.name, properties.description) == ("a\ufffd", "b\ufffd")


def test_properties_with_bytes_that_are_no_utf_8_are_read_without_them():
    node = read_line(b'{"type":"node","id":"1","labels":["Domain"],"properties":{"name":"a\x88"}}')
    assert properties_of(node, DomainProperties).name == "a\ufffd"


def test_a_line_with_numbers_that_json_does_not_know_is_read():
    raw = b'{"type":"node","id":"1","labels":["TrainingLog"],"properties":{"progress_percent":NaN,"status":"failed"}}'
    properties = properties_of(read_line(raw), LogProperties)
    assert (properties.progress_percent, properties.status) == (None, "failed")
