"""Messages as log entries."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.neo4j_exports import START, message
from training_status.ingest.batch import MESSAGE_MAX_BYTES
from training_status.ingest.run_state_machine import Entry
from training_status.operations.neo4j_import.log_entries import LogReader, phase_called
from training_status.operations.neo4j_import.log_messages import Broken
from training_status.operations.neo4j_import.notes import Notes
from training_status.phases import PHASE_NAMES

NOW = datetime(2026, 1, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENTITY = PHASE_NAMES[2]


def read(*messages):
    notes = Notes()
    reader = LogReader(messages, started_at=START, now=NOW, notes=notes)
    return list(reader.entries()), notes.lines(), reader


def test_a_message_with_everything():
    entries, notes, reader = read(
        message(1, "Started", level="WARNING", step=ENTITY, metrics={"f1": 0.5}, progress=12.5), message(2, "Went on")
    )
    assert entries == [
        Entry(1, START + MINUTE, 30, "Started", ENTITY, {"f1": 0.5}, 12.5, ENTITY),
        Entry(2, START + 2 * MINUTE, 20, "Went on", None, None, 12.5, ENTITY),
    ]
    assert notes == []
    assert (reader.last_at, reader.percent, reader.last_error) == (START + 2 * MINUTE, 12.5, None)
    assert reader.level_counts == {"WARNING": 1, "INFO": 1}


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ([{}, {"step": "loading_data"}, {}], [(None, None), (5.0, PHASE_NAMES[1]), (5.0, PHASE_NAMES[1])]),
        ([{"progress": 50}, {"progress": 40}], [(50.0, PHASE_NAMES[3]), (50.0, PHASE_NAMES[3])]),
        ([{"step": ENTITY, "progress": 20}, {"step": "loading_data"}, {"step": "oops"}], [(20.0, ENTITY)] * 3),
        ([{"step": ENTITY, "progress": 3}, {"progress": 100}], [(10.0, ENTITY), (100.0, ENTITY)]),
    ],
)
def test_an_entry_has_the_runs_place_as_far_as_messages_have_said_it(given, places):
    entries, _, _ = read(*(message(0, "m") | one for one in given))
    assert [(entry.progress_percent, entry.phase) for entry in entries] == places


def noted(what: str) -> list[str]:
    return [f"{what}: 1 (first: message 1)"]


@pytest.mark.parametrize(
    ("given", "field", "stored", "note"),
    [
        ({"level": "warn"}, "level", 30, None),
        ({"level": "fatal"}, "level", 50, None),
        ({"level": None}, "level", 20, None),
        ({"level": "NOTICE"}, "level", 20, "Messages with an unknown level, which have the level INFO"),
        ({"level": 20}, "level", 20, "Messages with an unknown level, which have the level INFO"),
        ({"timestamp": "soon"}, "timestamp", START,
         "Messages without a usable time, which have that of the message before"),
        ({"timestamp": "2199-01-01T00:00Z"}, "timestamp", START,
         "Messages without a usable time, which have that of the message before"),
        ({"message": None}, "message", "", "Messages without a text"),
        ({"message": {"a": 1}}, "message", '{"a":1}',
         "Messages with characters that cannot be stored, or that are no text"),
        ({"message": "a\0\ud800"}, "message", "a\ufffd\ufffd",
         "Messages with characters that cannot be stored, or that are no text"),
        ({"step": "Warming up"}, "step", "Warming up",
         "Messages with a step that is not a phase, which is kept as a text"),
        ({"step": "completed"}, "step", "completed", None),
        ({"step": ""}, "step", None, None),
        ({"phase": "saving"}, "step", PHASE_NAMES[-1], None),
        ({"metrics": [1]}, "metrics", None, "Messages with metrics that are no object, which were left out"),
        ({"metrics": {"a": [1]}}, "metrics", {"a": "[1]"}, "Messages with metrics that cannot be stored as they are"),
        ({"metrics": {}}, "metrics", None, None),
        ({"progress": 150}, "step", None, "Messages with a progress that is no number from 0 to 100"),
    ],
)  # fmt: skip
def test_what_is_changed(given, field, stored, note):
    (entry,), notes, _ = read(message(0, "m") | given)
    assert getattr(entry, field) == stored
    assert notes == ([] if note is None else noted(note))


def test_a_long_message_is_cut():
    (entry,), notes, _ = read(message(0, "é" * MESSAGE_MAX_BYTES))
    assert len(entry.message.encode()) <= MESSAGE_MAX_BYTES
    assert entry.message.endswith("… [cut: 65,536 characters in all]")
    assert notes == noted("Messages of more than 65,536 bytes, which were cut")


def test_a_long_step_is_cut():
    (entry,), notes, _ = read(message(0, "m", step="s" * 300))
    assert entry.step == "s" * 200
    assert notes[1:] == noted("Steps of more than 200 characters, which were cut")


def test_messages_that_are_no_objects():
    entries, notes, _ = read("only a text", Broken, 7, message(1, "whole"))
    assert [(entry.seq, entry.message) for entry in entries] == [(1, "only a text"), (2, "whole")]
    assert notes[0] == "Messages that are a text without a time and a level: 1 (first: message 1)"
    assert notes[2] == "Messages that cannot be read and were left out: 2 (first: message 2)"


def test_the_last_error_is_remembered():
    assert (
        read(message(0, "one", level="ERROR"), message(1, "two", level="CRITICAL"), message(2, "x"))[2].last_error
        == "two"
    )


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("initializing", PHASE_NAMES[0]),
        ("entity_optimization", ENTITY),
        ("ENTITY_OPTIMIZATION", ENTITY),
        ("TrainingPhase.ENTITY_OPTIMIZATION", ENTITY),
        ("Entity optimization", ENTITY),
        ("relation_optimization", PHASE_NAMES[3]),
        ("validation", PHASE_NAMES[5]),
        ("saving", PHASE_NAMES[6]),
        *[(name, name) for name in PHASE_NAMES],
        ("completed", None),
        ("Trial 3", None),
    ],
)
def test_names_of_phases(name, phase):
    assert phase_called(name) == phase
