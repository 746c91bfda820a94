"""A domain's node as a domain."""

from datetime import UTC, datetime, timedelta

import pytest

from training_status.ingest.batch import RESULT_MAX_BYTES
from training_status.operations.neo4j_import.apoc_lines import DomainProperties
from training_status.operations.neo4j_import.domain_of_node import domain_of_node, result_of_run, valid_name
from training_status.operations.neo4j_import.notes import Notes

NOW = datetime(2026, 1, 20, tzinfo=UTC)
START = datetime(2025, 12, 1, 10, tzinfo=UTC)
END = START + timedelta(hours=1)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("medical", "medical"),
        ("tech_docs_2", "tech_docs_2"),
        ("Tech-Docs", "tech_docs"),
        (" Größe & co. ", "gr_e_co"),
        ("legal\n", "legal"),
        ("2nd", None),
        ("x", None),
        ("", None),
        ("法律", None),
        ("x" * 101, None),
        (7, None),
        (None, None),
    ],
)
def test_names(written, name):
    assert valid_name(written) == name


def made(**properties):
    notes = Notes()
    usual = {"name": "medical", "description": "Everything medical.", "llm_model": "qwen3:32b"}
    return domain_of_node(DomainProperties(**usual | properties), "medical", notes), notes.lines()


def test_a_domain():
    domain, notes = made()
    assert (domain.name, domain.description, domain.llm_model, domain.kept_days) == (
        "medical", "Everything medical.", "qwen3:32b", None,
    )  # fmt: skip
    assert notes == []


@pytest.mark.parametrize(
    ("properties", "field", "value", "note"),
    [
        ({"name": "Medical"}, "name", "medical", "Its name 'Medical' is not valid here: it is medical"),
        ({"description": "Short"}, "description", "Short (a domain of AegisRAG)",
         "Its description has less than 10 characters: it is 'Short (a domain of AegisRAG)'"),
        ({"description": None}, "description", "medical (a domain of AegisRAG)",
         "Its description has less than 10 characters: it is 'medical (a domain of AegisRAG)'"),
        ({"description": "d" * 1001}, "description", "d" * 999 + "…",
         "Its description has more than 1,000 characters: it was cut"),
        ({"llm_model": None}, "llm_model", "qwen3:32b", "It has no llm_model: it has qwen3:32b"),
        ({"llm_model": " "}, "llm_model", "qwen3:32b", "It has no llm_model: it has qwen3:32b"),
        ({"llm_model": "m" * 300}, "llm_model", "m" * 200, None),
        ({"llm_config": '{"training_model": "large"}'}, "llm_model", "large", None),
        ({"llm_config": "oops"}, "llm_model", "qwen3:32b", None),
    ],
)  # fmt: skip
def test_what_is_changed(properties, field, value, note):
    domain, notes = made(**properties)
    assert getattr(domain, field) == value
    assert notes == ([] if note is None else [note])


def test_the_prompts_belong_to_the_run_that_made_them():
    properties = DomainProperties(entity_prompt="Find {x}\0", relation_prompt=None, trained_at="2025-12-01T10:59Z")
    assert result_of_run(properties, START, END, NOW, Notes()) == {"prompts": {"entity": "Find {x}\ufffd"}}
    assert result_of_run(properties, END, NOW, NOW, Notes()) is None
    assert result_of_run(DomainProperties(trained_at="2025-12-01T10:59Z"), START, END, NOW, Notes()) is None
    assert result_of_run(DomainProperties(entity_prompt="Find"), START, END, NOW, Notes()) is None


def test_prompts_that_are_too_large_are_left_out():
    notes = Notes()
    properties = DomainProperties(entity_prompt="x" * RESULT_MAX_BYTES, trained_at="2025-12-01T10:59Z")
    assert result_of_run(properties, START, END, NOW, notes) is None
    assert notes.lines() == ["The domain's prompts have more than 1,048,576 bytes: they were left out"]
