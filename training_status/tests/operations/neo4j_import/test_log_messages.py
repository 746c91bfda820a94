"""Splitting `log_messages`, also where it is broken."""

import json

import pytest

from training_status.operations.neo4j_import.log_messages import Broken, decoded, split_messages
from training_status.operations.neo4j_import.notes import Notes

AS_A_WHOLE = "log_messages is not valid JSON as a whole: the messages that can be read are taken"
ONE, TWO = {"message": "one"}, {"message": "two", "metrics": {"a": [1]}}
BOTH = json.dumps([ONE, TWO])


def messages(value):
    notes = Notes()
    return [decoded(message) for message in split_messages(value, notes)], notes.lines()


@pytest.mark.parametrize("value", [None, "", "[]", " [ ] "])
def test_no_messages(value):
    assert messages(value) == ([], [])


@pytest.mark.parametrize("value", [BOTH, f" {BOTH}\n", [ONE, TWO]])
def test_messages(value):
    assert messages(value) == ([ONE, TWO], [])


@pytest.mark.parametrize(
    ("value", "found", "note"),
    [
        (BOTH[:-1], [ONE, TWO], AS_A_WHOLE),
        (BOTH[:-2], [ONE, Broken], AS_A_WHOLE),
        (BOTH + "x", [ONE, TWO], AS_A_WHOLE),
        ('[{"message": "one"}, {"message": "br"oken"}, {"message": "two"}]',
         [ONE, Broken, {"message": "two"}], AS_A_WHOLE),
        ('[oops, {"message": "one"}]', [Broken, ONE], AS_A_WHOLE),
        ('{"message": "one"}{"message": "one"}', [ONE, ONE], AS_A_WHOLE),
        ('[{"message": "one", "metrics": {"a": NaN}}]', [{"message": "one", "metrics": {"a": pytest.approx(
            float("nan"), nan_ok=True)}}], AS_A_WHOLE),
        ('[{"message": "a\\ud800"}]', [{"message": "a\ud800"}], AS_A_WHOLE),
        ('[{"message": "a\nb"}]', [{"message": "a\nb"}], AS_A_WHOLE),
        ('{"message": "one"}', [ONE], "log_messages is one message, not a list of them"),
        ('{"a": 1}', [], "log_messages is JSON but not a list: the run has no log"),
        ('"text"', [], "log_messages is JSON but not a list: the run has no log"),
        (5, [], "log_messages is neither text nor a list: the run has no log"),
        ("plain text", [], "log_messages is not JSON, and no message can be read: the run has no log "
         "(it begins with 'plain text')"),
    ],
)  # fmt: skip
def test_broken_ones(value, found, note):
    assert messages(value) == (found, [note])


def test_a_text_that_would_take_for_ever_is_given_up():
    found, notes = messages("[" + '{"a": ' * 200_000)
    assert found == [Broken]
    assert "no message can be read" in notes[0]


def test_a_message_that_is_nested_too_deeply_is_broken():
    deep = '{"message": "one"}, {"metrics": ' + "[" * 200_000 + "]" * 200_000 + "}"
    found, _ = messages(f"[{deep}]")
    assert found == [ONE, Broken]
