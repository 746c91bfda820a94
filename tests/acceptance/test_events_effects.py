"""`/training-runs/{id}/events`: what events make of metrics, the log and the progress."""

from typing import Any

import pytest

from tests.support.answers import ok
from tests.support.runs import ENTITY, RELATION, Run, complete, fail, log, phase, progress
from tests.support.sent_events import Start, messages


def test_metrics_take_the_latest_value_per_key(run: Run) -> None:
    run.send(
        progress(0.1, metrics={"a": 0.1, "b": 1, "c": "x"}),
        log(metrics={"a": 9, "z": 9}),
        progress(0.2, metrics={"a": 0.2, "d": True}),
        progress(0.1, metrics={"b": 2}),
        progress(0.3),
        phase(ENTITY),
        progress(0.1, metrics={"c": None}),
    )
    assert run.status()["metrics"] == {"a": 0.2, "b": 2, "c": None, "d": True}
    run.send(complete(metrics={"a": 0.9, "e": "é"}))
    assert run.status()["metrics"] == {"a": 0.9, "b": 2, "c": None, "d": True, "e": "é"}


def test_metrics_of_a_fail_count(run: Run) -> None:
    run.send(progress(0.1, metrics={"a": 1, "b": 1}), fail(metrics={"b": 2}))
    assert run.status()["metrics"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "value",
    [None, True, False, "", "x", "é🙂\n", 0, -1, 0.1, 1e308, -1e308, 5e-324, 1e-7, 2**53, 10**20, 0.1 + 0.2],
    ids=repr,
)
def test_a_metric_is_kept_as_it_is(run: Run, value: Any) -> None:
    metrics = {"m": value, "": 1, "a b": 2, "é": 3}
    run.send(progress(0.5, metrics=metrics), log(metrics=metrics))
    kept = run.status()["metrics"]
    # JSON has one kind of number: a double may come back with all its digits.
    if isinstance(value, float):
        kept["m"] = float(kept["m"])
    assert kept == metrics
    assert isinstance(kept["m"], bool) == isinstance(value, bool)
    assert [{**entry["metrics"], "m": kept["m"]} for entry in run.entries()] == [metrics, metrics]
    assert {entry["metrics"]["m"] for entry in run.entries()} == {run.status()["metrics"]["m"]}


def test_every_phase_has_an_entry(run: Run) -> None:
    run.send(phase("loading_data"), phase(ENTITY, message="begins"), phase("loading_data", message="again"))
    assert [(entry["message"], entry["level"], entry["step"], entry["metrics"]) for entry in run.entries()] == [
        ("Phase loading_data", "INFO", "loading_data", None),
        ("begins", "INFO", ENTITY, None),
        ("again", "INFO", ENTITY, None),
    ]


def test_every_log_event_has_an_entry(run: Run) -> None:
    run.send(phase(ENTITY))
    levels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    run.send(*[log(f"at {level}", level) for level in levels])
    run.send(log("", step="any é step"), log("x", step=None), log("y", metrics={"a": 1}))
    entries = run.entries()[1:]
    assert [(entry["message"], entry["level"], entry["step"]) for entry in entries] == [
        *[(f"at {level}", level, None) for level in levels],
        ("", "INFO", "any é step"),
        ("x", "INFO", None),
        ("y", "INFO", None),
    ]
    assert entries[-1]["metrics"] == {"a": 1}
    assert {str(entry["metrics"]) for entry in entries[:-1]} == {"None"}


def test_a_progress_has_an_entry_if_it_says_something(run: Run) -> None:
    run.send(
        progress(0.1),
        progress(0.2, message="said"),
        progress(0.3, metrics={"a": 1}),
        phase(ENTITY),
        progress(0.4),
        progress(0.5, message="both", metrics={"b": 2}),
    )
    assert [(entry["message"], entry["level"], entry["step"], entry["metrics"]) for entry in run.entries()] == [
        ("said", "INFO", "initialization", None),
        ("", "INFO", "initialization", {"a": 1}),
        (f"Phase {ENTITY}", "INFO", ENTITY, None),
        ("both", "INFO", ENTITY, {"b": 2}),
    ]


def test_a_complete_has_an_entry_if_it_has_a_message(start: Start) -> None:
    silent, speaking = start(), start()
    silent.send(complete(metrics={"a": 1}))
    assert silent.entries() == []
    speaking.send(complete(message="done"))
    (entry,) = speaking.entries()
    assert (entry["message"], entry["level"], entry["seq"]) == ("done", "INFO", 1)


def test_a_fail_has_an_entry_with_its_error(run: Run) -> None:
    run.send(phase(ENTITY), fail("CUDA out of memory"))
    entry = run.entries()[-1]
    assert (entry["message"], entry["level"], entry["step"]) == ("CUDA out of memory", "ERROR", ENTITY)


def test_the_service_adds_no_entries(run: Run) -> None:
    run.send(progress(0.1))
    run.heartbeat()
    ok(run.cancel())
    run.send(progress(0.2), complete())
    assert run.entries() == []


def test_progress_never_goes_down(run: Run) -> None:
    seen = []
    for event in (
        phase(ENTITY),
        progress(0.5),
        progress(0.2),
        phase("loading_data"),
        progress(0.6),
        progress(0.0),
        phase(ENTITY),
        progress(0.55),
        phase(RELATION),
        progress(0.0),
        phase("initialization"),
        progress(0.5),
    ):
        run.send(event)
        seen.append(run.status()["progress"])
    assert seen == [10, 27, 27, 27, 31, 31, 31, 31, 45, 45, 45, 62]
    assert run.status()["current_step"] == RELATION


def test_an_event_for_an_earlier_phase_changes_nothing_but_the_log(run: Run) -> None:
    run.send(phase(ENTITY), progress(0.5, message="half"))
    before = run.status()
    run.send(phase("loading_data", message="back?"), phase("initialization"))
    after = run.status()
    changing = {"last_report_at": 0, "elapsed_time_ms": 0, "estimated_completion": 0, "forecast": 0}
    assert {**after, **changing} == {**before, **changing}
    assert messages(run)[-2:] == ["back?", "Phase initialization"]


def test_progress_before_any_phase_counts_in_the_first(run: Run) -> None:
    run.send(progress(0.5))
    status = run.status()
    assert (status["progress"], status["current_step"]) == (2, "initialization")
    assert status["steps"][0] == {"name": "initialization", "status": "in_progress", "progress": 50, "share": 5.0}


def test_the_message_is_the_latest_of_progress(run: Run) -> None:
    run.send(progress(0.1))
    assert run.status()["message"] is None
    run.send(progress(0.2, message="first"), progress(0.3), log("a line"))
    assert run.status()["message"] == "first"
    run.send(progress(0.1, message="second"))
    assert run.status()["message"] == "second"
