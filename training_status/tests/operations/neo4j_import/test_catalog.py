"""What belongs together in an export, and what cannot be imported."""

import io
from uuid import UUID

import pytest

from tests.support.neo4j_exports import domain_node, has_log, lines, log_node, message, run_id
from training_status.errors import InvalidInput
from training_status.operations.neo4j_import.catalog import node_at, read_catalog


def catalog(*parts, raw=b""):
    return read_catalog(io.BytesIO(lines(*parts) + raw))


def found(catalog):
    return {domain.name: [log.place.node_id for log in domain.logs] for domain in catalog.domains}


MEDICAL = domain_node(1, "medical")


def log(node_id, hour=10, **properties):
    return log_node(node_id, **{"started_at": f"2025-12-01T{hour}:00Z"} | properties)


def test_logs_are_ordered_by_their_start_whatever_the_order_of_the_lines():
    parts = [
        has_log(1, 12),
        log(11, 12),
        has_log(2, 13),
        log(12, 11),
        domain_node(2, "legal"),
        log(13, 10),
        log(14, 10),
    ]
    assert found(catalog(*parts, has_log(1, 14), has_log(1, 11), MEDICAL)) == {
        "legal": ["13"],
        "medical": ["14", "12", "11"],
    }


def test_a_domain_without_a_log():
    assert found(catalog(MEDICAL)) == {"medical": []}


def test_other_nodes_and_empty_lines_are_ignored():
    other = {"type": "node", "id": "9", "labels": ["Chunk"], "properties": {}}
    assert found(catalog(other, MEDICAL, raw=b"\n \n")) == {"medical": []}
    assert catalog(other, MEDICAL, raw=b"\n \n").problems == []


def test_logs_that_started_at_the_same_moment_are_ordered_by_their_ids():
    (domain,) = catalog(MEDICAL, log(11), log(12), has_log(1, 11), has_log(1, 12)).domains
    assert [str(one.public_id) for one in domain.logs] == sorted([run_id(11), run_id(12)])
    assert [[note[:34] for note in one.notes] for one in domain.logs] == [[], ["It started at the same moment as r"]]


def test_a_start_that_is_missing_is_that_of_the_first_message_or_the_end():
    (domain,) = catalog(
        MEDICAL, log_node(11, [message(-30, "m")], started_at=None), has_log(1, 11),
        log_node(12, started_at="soon", completed_at="2025-12-01T08:00Z"), has_log(1, 12),
    ).domains  # fmt: skip
    assert [f"{one.started_at:%H:%M}" for one in domain.logs] == ["08:00", "09:30"]


def test_ids_of_runs():
    own = "8A3C0F6E11114000800000000000ABCD"
    parts = [log(11, 10, id=own), log(12, 11, id="run-7"), log(13, 12, id=None), log(14, 13, id=4)]
    relationships = [has_log(1, node) for node in (11, 12, 13, 14)]
    first, *derived = (one.public_id for one in catalog(MEDICAL, *parts, *relationships).domains[0].logs)
    assert first == UUID(own)
    # They must never change, or an import that is repeated with a later release doubles these runs.
    assert [str(one) for one in derived] == [
        "d945ea06-2362-52d7-9885-4004db12d7ac",
        "954809c1-fcd1-5cfc-913d-0ba4cbf87623",
        "669ea84e-690f-5b68-918f-509dcf63c2c2",
    ]


REFUSED = [
    ("no relationship", [MEDICAL, log(11)],
     f"run {run_id(11)} (line 2)", "no domain has this log: the file has no HAS_TRAINING_LOG relationship to it"),
    ("no domain", [MEDICAL, log(11), has_log(7, 11)],
     f"run {run_id(11)} (line 2)", "its domain, the node 7, is not in the file"),
    ("two domains", [MEDICAL, domain_node(2, "legal"), log(11), has_log(1, 11), has_log(2, 11)],
     f"run {run_id(11)} (line 3)", "two domains have this log"),
    ("no time", [MEDICAL, log_node(11, started_at=None, completed_at=None), has_log(1, 11)],
     f"run {run_id(11)} (line 2)", "it has no usable time: neither it nor a message says when it was"),
    ("the same id", [MEDICAL, log(11), log(12, id=run_id(11)), has_log(1, 11), has_log(1, 12)],
     f"run {run_id(11)} (line 3)", "another TrainingLog, in line 2, has the same id"),
    ("the same node", [MEDICAL, log(11), log(11, 11), has_log(1, 11)],
     "line 3", "its node 11 is already in line 2, with other content"),
    ("no name", [MEDICAL, domain_node(2, "2nd")], "domain 2nd (line 2)",
     "a name has 2 to 100 small letters, digits and underscores, and begins with a letter"),
    ("a name that is no text", [MEDICAL, domain_node(2, None)], "domain None (line 2)",
     "a name has 2 to 100 small letters, digits and underscores, and begins with a letter"),
    ("another domain's name", [domain_node(2, "Medical"), MEDICAL], "domain Medical (line 1)",
     "it would be called medical, which is another domain's name"),
    ("another changed name", [MEDICAL, domain_node(2, "A-B"), domain_node(3, "A B")], "domain A B (line 3)",
     "it would be called a_b, which is another domain's name"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "name", "reason"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_is_refused(parts, name, reason):
    assert catalog(*parts).problems == [(name, reason)]


def test_a_refused_domains_logs_are_refused():
    assert catalog(MEDICAL, domain_node(2, "2nd"), log(11), has_log(2, 11)).problems[1:] == [
        (f"run {run_id(11)} (line 3)", "its domain was refused")
    ]


def test_a_line_that_is_there_twice_counts_once():
    twice = catalog(MEDICAL, log(11), has_log(1, 11), MEDICAL, log(11), has_log(1, 11))
    assert found(twice) == {"medical": ["11"]}
    assert twice.problems == [("line 4", "it is the same as line 1"), ("line 5", "it is the same as line 2")]


def test_two_nodes_of_one_domain_are_joined():
    joined = catalog(MEDICAL, domain_node(2, "medical"), log(11, 10), log(12, 11), has_log(2, 11), has_log(1, 12))
    assert found(joined) == {"medical": ["11", "12"]}
    assert joined.domains[0].place.line == 1
    assert joined.problems == [("domain medical (line 2)", "the file has this domain already: its runs are joined")]


def test_broken_lines_are_named_and_many_are_counted():
    problems = catalog(MEDICAL, raw=b"broken\n" * 150).problems
    assert problems[0].name == "line 2"
    assert problems[0].reason.startswith("it is not valid JSON")
    assert len(problems) == 101
    assert problems[-1] == ("50 more lines", "they cannot be read either")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "The file has no Domain and no TrainingLog node."),
        (b"hello\n", "The file has no Domain and no TrainingLog node; line 1: it is not valid JSON"),
        (
            b'[{"type":"node"}]',
            "The file is one JSON value, not lines of JSON: export it with jsonFormat 'JSON_LINES'.",
        ),
        (b'{"nodes":[]}', "The file is one JSON value, not lines of JSON: export it with jsonFormat 'JSON_LINES'."),
        (b"\x1f\x8b\x08", "The file is compressed: unpack it first."),
        ('{"type":"node"}'.encode("utf-16"), "The file is not UTF-8: export it with the charset UTF_8."),
        ('{"type":"node"}'.encode("utf-16-le"), "The file is not UTF-8: export it with the charset UTF_8."),
    ],
)
def test_what_is_no_export(raw, sentence):
    with pytest.raises(InvalidInput) as caught:
        read_catalog(io.BytesIO(raw))
    assert caught.value.detail.startswith(sentence)


def test_a_domain_by_its_name():
    assert catalog(MEDICAL).domain("medical").name == "medical"
    with pytest.raises(InvalidInput, match="The file has no domain 'legal' that can be imported"):
        catalog(MEDICAL).domain("legal")


def test_a_file_that_changes_meanwhile_is_noticed():
    place = catalog(MEDICAL).domains[0].place
    with pytest.raises(InvalidInput, match="the file was changed while it was read"):
        node_at(io.BytesIO(lines(domain_node(8, "medical"))), place)


def test_progress_is_told_in_bytes():
    told = []
    file = io.BytesIO(lines(MEDICAL, log(11)))
    read_catalog(file, lambda done, total: told.append((done, total)))
    size = len(file.getvalue())
    assert told == [(len(lines(MEDICAL)), size), (size, size)]
