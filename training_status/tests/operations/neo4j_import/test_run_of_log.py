"""A log's node and messages as a run."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.support.neo4j_exports import START, log_node, message, training
from training_status.ingest.batch import MESSAGE_MAX_BYTES
from training_status.operations.neo4j_import.apoc_lines import LogProperties, properties_of, read_line
from training_status.operations.neo4j_import.log_entries import LogReader
from training_status.operations.neo4j_import.log_messages import split_messages
from training_status.operations.neo4j_import.notes import Notes
from training_status.operations.neo4j_import.run_of_log import run_of_log
from training_status.phases import PHASE_NAMES

NOW = datetime(2026, 1, 20, tzinfo=UTC)
ID = UUID("8a3c0f6e-1111-4000-8000-000000000000")
HOUR = timedelta(hours=1)
NO_PHASES = "It has no phase times, and forecasts do not learn from it: no message names a phase"
LOST = "It was running and nobody runs it any more: it is failed, with the reason lost"


def run(messages=(), **properties):
    notes = Notes()
    node = read_line(json.dumps(log_node(1, messages, **({"id": str(ID)} | properties))).encode())
    facts = properties_of(node, LogProperties)
    reader = LogReader(split_messages(facts.log_messages, notes), started_at=START, now=NOW, notes=notes)
    list(reader.entries())
    made, timings = run_of_log(
        facts, reader, public_id=ID, llm_model="qwen3:32b", started_at=START, now=NOW, notes=notes
    )
    return made, timings, notes.lines()


def test_a_whole_run():
    made, timings, notes = run(list(training()), metrics='{"entity_f1": 0.87, "training_samples": 120}')
    assert notes == []
    assert (made.state, made.failure_reason, made.end_reported, made.progress_percent) == (
        "completed",
        None,
        True,
        100.0,
    )
    assert (made.created_at, made.started_at, made.ended_at) == (START, START, START + HOUR)
    assert (made.last_report_at, made.last_event_at) == (START + HOUR, START + HOUR)
    assert (made.current_phase, made.phase_started_at) == (PHASE_NAMES[-1], timings[-1].started_at)
    assert (made.metrics, made.sample_count) == ({"entity_f1": 0.87, "training_samples": 120}, 120)
    assert (made.message, made.error_message, made.note) == ("Training completed successfully", None, "")
    assert (made.first_seq, made.last_seq, made.info_count, made.warning_count) == (1, 60, 60, 0)
    assert [one.phase for one in timings] == list(PHASE_NAMES)
    assert all(one.middle_at for one in timings)


def test_a_failed_run_has_its_error_as_the_step():
    made, _, notes = run(
        status="failed", progress_percent=30.0, current_step="Training failed: no memory", completed_at=None
    )
    assert (made.state, made.failure_reason, made.end_reported) == ("failed", "error", True)
    assert (made.message, made.error_message) == (None, "Training failed: no memory")
    assert (made.current_phase, made.phase_started_at, made.progress_percent) == (PHASE_NAMES[2], START, 30.0)
    assert (made.ended_at, notes) == (START, ["It has no usable completed_at: it ended with its start", NO_PHASES])


@pytest.mark.parametrize(
    ("properties", "messages", "texts"),
    [
        ({"error_message": "CUDA"}, [], ("Trial 3", "CUDA")),
        ({}, [message(1, "out of memory", level="ERROR")], ("Trial 3", "out of memory")),
        ({}, [], ("Trial 3", "Trial 3")),
        ({"current_step": ""}, [], (None, "Training failed.")),
        ({"current_step": "saving_results"}, [], (None, "Training failed.")),
        ({"error_message": "x" * 100_000}, [], ("Trial 3", None)),
    ],
)
def test_where_the_error_of_a_failed_run_is_found(properties, messages, texts):
    made, _, _ = run(messages, **{"status": "failed", "current_step": "Trial 3"} | properties)
    assert made.message == texts[0]
    assert made.error_message == texts[1] or len(made.error_message.encode()) <= MESSAGE_MAX_BYTES


def test_a_run_that_nobody_runs_is_lost_at_its_last_message():
    made, timings, notes = run(
        [message(1, "one", step="initializing"), message(9, "two", step="loading_data")],
        status="running",
        completed_at=None,
        progress_percent=7.0,
    )
    assert (made.state, made.failure_reason, made.end_reported) == ("failed", "lost", False)
    assert (made.ended_at, made.error_message) == (START + timedelta(minutes=9), None)
    assert [(one.phase, one.ended_at) for one in timings] == [
        (PHASE_NAMES[0], START + timedelta(minutes=9)),
        (PHASE_NAMES[1], START + timedelta(minutes=9)),
    ]
    assert notes == [LOST]


def test_a_run_that_never_began_has_no_start():
    made, timings, notes = run(status="pending", progress_percent=0.0, completed_at=None)
    assert (made.state, made.failure_reason, made.started_at, made.current_phase) == ("failed", "lost", None, None)
    assert (made.created_at, made.ended_at, timings) == (START, START, [])
    assert notes == ["It was pending and nobody runs it any more: it is failed, with the reason lost"]


def test_a_pending_run_with_messages_did_begin():
    made, _, _ = run([message(1, "one")], status="pending", progress_percent=0.0)
    assert (made.started_at, made.current_phase) == (START, PHASE_NAMES[0])


@pytest.mark.parametrize(
    ("properties", "messages", "fields", "note"),
    [
        ({"completed_at": None}, [message(5, "m")], {"ended_at": START + timedelta(minutes=5)},
         "It has no usable completed_at: it ended with its last message"),
        ({"completed_at": "2024-01-01T00:00Z"}, [message(5, "m")], {"ended_at": START + timedelta(minutes=5)},
         "Its completed_at is before its started_at: it ended with its last message"),
        ({"completed_at": "2199-01-01T00:00Z"}, [], {"ended_at": START},
         "It has no usable completed_at: it ended with its start"),
        ({"status": "paused"}, [], {"state": "failed", "failure_reason": "lost"},
         "Its status 'paused' is unknown: it is failed, with the reason lost"),
        ({"status": None}, [], {"failure_reason": "lost"},
         "Its status None is unknown: it is failed, with the reason lost"),
        ({"status": "failed", "progress_percent": -3}, [], {"progress_percent": 0.0},
         "Its progress_percent -3 is no number from 0 to 100: it is 0"),
        ({"status": "failed", "progress_percent": "half"}, [message(1, "m", progress=33)], {"progress_percent": 33.0},
         "Its progress_percent 'half' is no number from 0 to 100: it is the last one of its messages"),
        ({"progress_percent": 97.5}, [], {"progress_percent": 100.0}, "It was completed at 97.5 %: it is at 100 %"),
        ({"metrics": "[1]"}, [], {"metrics": {}}, "Its metrics are not an object: it has none"),
        ({"metrics": "{'a': 1}"}, [], {"metrics": {}}, "Its metrics are not an object: it has none"),
        ({"metrics": '{"a": [1]}'}, [], {"metrics": {"a": "[1]"}}, "Some of its metrics cannot be stored as they are"),
        ({"metrics": "null"}, [], {"metrics": {}}, NO_PHASES),
        ({"metrics": None}, [], {"metrics": {}, "sample_count": None}, NO_PHASES),
        ({"id": "run-7"}, [], {"note": "Its id in AegisRAG was 'run-7'."}, NO_PHASES),
        ({"status": "failed", "progress_percent": 0}, [message(1, "m", step="validation")],
         {"progress_percent": 85.0, "current_phase": PHASE_NAMES[5]},
         f"It was at 0 % but in the phase {PHASE_NAMES[5]}: it is at 85 %"),
    ],
)  # fmt: skip
def test_what_is_changed(properties, messages, fields, note):
    made, _, notes = run(messages, **properties)
    assert {name: getattr(made, name) for name in fields} == fields
    assert note in notes


def test_doubtful_phase_times_are_left_out():
    """Or the forecast would learn from them."""
    made, timings, notes = run([one for one in training() if one["step"] != "saving"])
    assert (timings, made.current_phase, made.phase_started_at) == ([], PHASE_NAMES[-1], START)
    assert notes == [
        "It has no phase times, and forecasts do not learn from it: no message names the phase "
        f"{PHASE_NAMES[-1]}, whose time is part of another's"
    ]
