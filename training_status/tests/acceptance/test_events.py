"""`/training-runs/{id}/events` and `/heartbeat`: exactly once, all or nothing, limits, times, metrics, log entries."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import httpx
import pytest

from training_status.tests.acceptance.running_service import (
    AN_ID,
    ENTITY,
    RELATION,
    Run,
    await_until,
    complete,
    fail,
    iso,
    log,
    new_id,
    now,
    ok,
    parse_time,
    phase,
    problem,
    progress,
    refused,
)

Start = Callable[..., Run]
KIB = 1024
NOT_STORED = (0, "pending")


def stored(run: Run) -> tuple[int, str]:
    """What an all-or-nothing refusal must leave as it was: the number of entries and the status."""
    return run.log()["total_logs"], run.status()["status"]


def post_text(run: Run, text: str | bytes) -> httpx.Response:
    return run.client.post(f"{run.path}/events", content=text, headers={"Content-Type": "application/json"})


def events_named(*numbers: int) -> list[dict[str, Any]]:
    return [{"n": n, **log(f"event {n}")} for n in numbers]


def messages(run: Run) -> list[str]:
    return [entry["message"] for entry in run.entries()]


# Exactly once


def test_it_works(run: Run) -> None:
    receipt = ok(
        run.post(
            {"n": 1, "type": "phase", "phase": "loading_data", "message": "120 samples", "timestamp": iso(now())},
            {"n": 2, "type": "progress", "fraction": 0.3, "message": "trial 3 of 10", "metrics": {"entity_f1": 0.71}},
            {"n": 3, "type": "log", "level": "INFO", "message": "a line", "step": "a step", "metrics": {}},
            {"n": 4, "type": "complete", "metrics": {"entity_f1": 0.87}, "result": {"prompts": {}}},
            source=new_id(),
            sent_at=iso(now()),
        )
    )
    assert (
        receipt.items()
        >= {
            "accepted": 4,
            "duplicates": 0,
            "last_n": 4,
            "status": "completed",
            "cancel_requested": False,
        }.items()
    )
    assert messages(run) == ["120 samples", "trial 3 of 10", "a line"]
    assert ok(run.client.get(f"{run.path}/result")) == {"prompts": {}}


def test_an_empty_list_is_accepted_in_every_state(run: Run) -> None:
    for status, event in (("pending", None), ("training", progress(0.5)), ("completed", complete())):
        if event:
            run.send(event)
        receipt = ok(run.post())
        assert (receipt["accepted"], receipt["duplicates"], receipt["last_n"]) == (0, 0, run.n)
        assert receipt["status"] == status


def test_a_batch_sent_again_is_ignored(run: Run) -> None:
    run.send(*[log(f"event {n}") for n in (1, 2, 3)])
    receipt = ok(run.post(*events_named(1, 2, 3)))
    assert (receipt["accepted"], receipt["duplicates"], receipt["last_n"]) == (0, 3, 3)
    assert messages(run) == ["event 1", "event 2", "event 3"]


def test_the_content_of_a_duplicate_is_not_compared(run: Run) -> None:
    run.send(progress(0.5, message="first"))
    receipt = ok(run.post({"n": 1, **fail("other")}))
    assert (receipt["accepted"], receipt["duplicates"], receipt["status"]) == (0, 1, "training")
    assert messages(run) == ["first"]


def test_of_an_overlapping_batch_the_new_events_are_stored(run: Run) -> None:
    run.send(*[log(f"event {n}") for n in (1, 2, 3)])
    receipt = ok(run.post(*events_named(2, 3, 4, 5)))
    assert (receipt["accepted"], receipt["duplicates"], receipt["last_n"]) == (2, 2, 5)
    assert messages(run) == [f"event {n}" for n in (1, 2, 3, 4, 5)]


def test_a_number_repeated_within_a_batch_is_a_duplicate(run: Run) -> None:
    receipt = ok(run.post(*events_named(1, 1, 2, 2)))
    assert (receipt["accepted"], receipt["duplicates"], receipt["last_n"]) == (2, 2, 2)
    assert messages(run) == ["event 1", "event 2"]


@pytest.mark.parametrize(("numbers", "expected_n"), [([4], 3), ([5, 6], 3), ([4, 3], 3), ([2**62], 3)], ids=str)
def test_a_gap_is_refused_with_the_number_that_is_awaited(run: Run, numbers: list[int], expected_n: int) -> None:
    run.send(log("event 1"), log("event 2"))
    body = problem(run.post(*events_named(*numbers)), 409)
    assert body["expected_n"] == expected_n
    assert messages(run) == ["event 1", "event 2"]
    assert run.heartbeat()["last_n"] == 2


def test_a_gap_within_a_batch_stores_nothing(run: Run) -> None:
    assert isinstance(problem(run.post(*events_named(1, 2, 4)), 409)["expected_n"], int)
    assert stored(run) == NOT_STORED


def test_a_run_begins_with_one(run: Run) -> None:
    assert problem(run.post(*events_named(2)), 409)["expected_n"] == 1
    assert stored(run) == NOT_STORED


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "1", None, [1], {}, 10**30, -(10**30)], ids=str)
def test_bad_numbers(run: Run, n: Any) -> None:
    problem(run.post({"n": n, **log()}), 422)
    assert stored(run) == NOT_STORED


def test_a_number_is_required(run: Run) -> None:
    refused(run.post(log()))


# Sources


def test_another_source_takes_over_after_the_last_event(run: Run) -> None:
    first, second = new_id(), new_id()
    run.send(log("event 1"), source=first)
    run.send(log("event 2"), source=second)
    assert problem(run.post(*events_named(1, 2), source=first), 409)["code"] == "other_reporter"
    run.send(log("event 3"), source=second)
    run.send(log("event 4"), source=first)
    assert messages(run) == [f"event {n}" for n in (1, 2, 3, 4)]


def test_another_source_that_starts_lower_is_refused(run: Run) -> None:
    run.send(log("event 1"), log("event 2"), source=new_id())
    for numbers in ([1], [1, 2], [1, 2, 3], [2, 3]):
        assert problem(run.post(*events_named(*numbers), source=new_id()), 409)["code"] == "other_reporter"
    assert messages(run) == ["event 1", "event 2"]


def test_another_source_with_a_gap_is_told_the_awaited_number(run: Run) -> None:
    run.send(log("event 1"), source=new_id())
    assert problem(run.post(*events_named(3), source=new_id()), 409)["expected_n"] == 2


def test_a_refused_source_does_not_take_over(run: Run) -> None:
    first = new_id()
    run.send(log("event 1"), source=first)
    problem(run.post(*events_named(2), {"n": 3, **log(level="LOUD")}, source=new_id()), 422)
    problem(run.post(*events_named(3), source=new_id()), 409)
    assert ok(run.post(*events_named(1), source=first))["duplicates"] == 1


def test_a_source_in_other_spelling_is_the_same(run: Run) -> None:
    source = new_id()
    run.send(log(), source=source)
    assert ok(run.post(*events_named(1), source=source.upper()))["duplicates"] == 1


@pytest.mark.parametrize("source", ["", "x", 5, True, [], {}, AN_ID + "\n"], ids=repr)
def test_bad_sources(run: Run, source: Any) -> None:
    refused(run.post(*events_named(1), source=source))
    assert stored(run) == NOT_STORED


# All or nothing


LATE_AND_BAD = [
    {"type": "phase", "phase": "unknown"},
    {"type": "phase"},
    {"type": "phase", "phase": "Initialization"},
    {"type": "phase", "phase": 3},
    {"type": "phase", "phase": None},
    {"type": "unknown"},
    {"type": None},
    {},
    {"type": "progress"},
    progress(-0.1),
    progress(1.0000001),
    progress(True),
    progress("0.5"),
    progress(None),
    progress([0.5]),
    progress(10**30),
    progress(0.5, message=5),
    progress(0.5, message=["x"]),
    progress(0.5, metrics=[]),
    progress(0.5, metrics="x"),
    progress(0.5, metrics=5),
    progress(0.5, metrics={"a": []}),
    progress(0.5, metrics={"a": {}}),
    progress(0.5, metrics={"a": [1]}),
    {"type": "log", "level": "INFO"},
    {"type": "log", "message": "x"},
    log(level="LOUD"),
    log(level="info "),
    log(level=20),
    log(level=None),
    log(5),
    log(None),
    log(step=5),
    log(metrics=[]),
    log(metrics={"a": {"b": 1}}),
    log("a\x00b"),
    log(step="a\x00b"),
    log(metrics={"a\x00": 1}),
    log(metrics={"a": "\x00"}),
    phase(ENTITY, message="\x00"),
    progress(0.5, message="\x00"),
    complete(message="\x00"),
    fail("\x00"),
    complete(result=[]),
    complete(result="x"),
    complete(result={"a": ["\x00"]}),
    complete(result={"\x00": 1}),
    complete(metrics={"a": []}),
    {"type": "fail"},
    fail(5),
    fail(None),
    fail(metrics={"a": []}),
    log(timestamp="2026-01-20T15:05:00"),
    log(timestamp="2026-01-20"),
    log(timestamp="now"),
    log(timestamp=1768921500),
    log(timestamp=True),
    log(timestamp=""),
    log(timestamp="2026-02-30T00:00:00Z"),
    log(timestamp="2026-01-20T25:00:00Z"),
    log(timestamp="2026-01-20T15:05:00Z\n"),
    log(timestamp={}),
]


@pytest.mark.parametrize("bad", LATE_AND_BAD, ids=lambda event: repr(event)[:80])
def test_one_bad_event_refuses_them_all(run: Run, bad: dict[str, Any]) -> None:
    refused(run.post({"n": 1, **progress(0.5, message="good")}, {"n": 2, **log("good")}, {"n": 3, **bad}))
    assert stored(run) == NOT_STORED
    assert run.heartbeat()["last_n"] == 0


@pytest.mark.parametrize("bad", [None, 5, "x", True, [], [1]], ids=repr)
def test_an_event_is_an_object(run: Run, bad: Any) -> None:
    refused(run.client.post(f"{run.path}/events", json={"events": [{"n": 1, **log()}, bad]}))
    assert stored(run) == NOT_STORED


@pytest.mark.parametrize("events", [None, 5, "x", True, {}, {"n": 1, **log()}], ids=repr)
def test_the_events_are_a_list(run: Run, events: Any) -> None:
    refused(run.client.post(f"{run.path}/events", json={"events": events}))
    refused(run.client.post(f"{run.path}/events", json={}))


@pytest.mark.parametrize("sent_at", ["now", "2026-01-20T15:05:00", 5, True, "", []], ids=repr)
def test_bad_sending_times(run: Run, sent_at: Any) -> None:
    refused(run.post(*events_named(1), sent_at=sent_at))


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 400, "1" + "0" * 5000],
    ids=lambda text: text[:12],
)
@pytest.mark.parametrize(
    "event",
    [
        '{"n": 1, "type": "progress", "fraction": NUMBER}',
        '{"n": NUMBER, "type": "log", "level": "INFO", "message": "x"}',
        '{"n": 1, "type": "progress", "fraction": 0.5, "metrics": {"a": NUMBER}}',
        '{"n": 1, "type": "log", "level": "INFO", "message": "x", "metrics": {"a": NUMBER}}',
        '{"n": 1, "type": "fail", "error": "x", "metrics": {"a": NUMBER}}',
        '{"n": 1, "type": "complete", "result": {"a": [{"b": NUMBER}]}}',
    ],
    ids=["fraction", "n", "progress metrics", "log metrics", "fail metrics", "result"],
)
def test_numbers_that_no_double_holds(run: Run, event: str, number: str) -> None:
    problem(post_text(run, f'{{"events": [{event.replace("NUMBER", number)}]}}'), 422)
    assert stored(run) == NOT_STORED


@pytest.mark.parametrize(
    "event",
    [
        r'{"n": 1, "type": "log", "level": "INFO", "message": "a\ud800"}',
        r'{"n": 1, "type": "log", "level": "INFO", "message": "\udc00\ud800"}',
        r'{"n": 1, "type": "log", "level": "INFO", "message": "x", "step": "\ud800"}',
        r'{"n": 1, "type": "log", "level": "INFO", "message": "x", "metrics": {"\ud800": 1}}',
        r'{"n": 1, "type": "log", "level": "INFO", "message": "x", "metrics": {"a": "\ud800"}}',
        r'{"n": 1, "type": "progress", "fraction": 0.5, "message": "\ud800"}',
        r'{"n": 1, "type": "phase", "phase": "loading_data", "message": "\ud800"}',
        r'{"n": 1, "type": "complete", "message": "\ud800"}',
        r'{"n": 1, "type": "complete", "result": {"a": {"\udfff": 1}}}',
        r'{"n": 1, "type": "complete", "result": {"a": ["\udfff"]}}',
        r'{"n": 1, "type": "fail", "error": "\ud83d"}',
        r'{"n": 1, "type": "\ud83d"}',
        r'{"n": 1, "type": "log", "level": "\ud83d", "message": "x"}',
        r'{"n": 1, "type": "phase", "phase": "\ud83d"}',
    ],
)
def test_lone_surrogates(run: Run, event: str) -> None:
    problem(post_text(run, f'{{"events": [{event}]}}'), 422)
    assert stored(run) == NOT_STORED


def test_a_pair_of_surrogates_is_a_character(run: Run) -> None:
    ok(post_text(run, r'{"events": [{"n": 1, "type": "log", "level": "INFO", "message": "\ud83d\ude42"}]}'))
    assert messages(run) == ["🙂"]


# The end


@pytest.mark.parametrize("end", [complete(), fail()], ids=["completed", "failed"])
@pytest.mark.parametrize("after", [log(), progress(1.0), complete(), fail()], ids=lambda event: event["type"])
def test_events_after_an_end_in_the_same_batch(run: Run, end: dict[str, Any], after: dict[str, Any]) -> None:
    problem(run.post({"n": 1, **end}, {"n": 2, **after}), 422)
    assert stored(run) == NOT_STORED


@pytest.mark.parametrize("end", [complete(), fail()], ids=["completed", "failed"])
def test_an_end_is_final(run: Run, end: dict[str, Any]) -> None:
    run.send(log("event 1"), end)
    before = run.status()
    for numbers in ([3], [2, 3], [1, 2, 3]):
        problem(run.post(*events_named(*numbers)), 409)
    problem(run.post({"n": 3, **complete()}), 409)
    problem(run.post({"n": 3, **fail()}), 409)
    receipt = ok(run.post(*events_named(1, 2)))
    assert (receipt["accepted"], receipt["duplicates"], receipt["last_n"]) == (0, 2, 2)
    assert receipt["status"] == before["status"]
    after = run.status()
    assert {**after, "last_report_at": 0} == {**before, "last_report_at": 0}


# Limits


def test_a_thousand_events_and_no_more(run: Run) -> None:
    problem(run.post(*events_named(*range(1, 1002))), 413)
    assert stored(run) == NOT_STORED
    receipt = ok(run.post(*events_named(*range(1, 1001))))
    assert (receipt["accepted"], receipt["last_n"]) == (1000, 1000)
    assert run.log()["last_seq"] == 1000


def test_four_mebibytes_and_no_more(run: Run) -> None:
    batch = b'{"events": [{"n": 1, "type": "log", "level": "INFO", "message": "x"}]}'
    limit = 4 * KIB * KIB
    problem(post_text(run, batch.ljust(limit + 1)), 413)
    assert stored(run) == NOT_STORED
    ok(post_text(run, batch.ljust(limit)))
    assert stored(run) == (1, "training")


def test_four_mebibytes_in_chunks_of_unknown_number(run: Run) -> None:
    batch = b'{"events": [{"n": 1, "type": "log", "level": "INFO", "message": "x"}]}'
    limit = 4 * KIB * KIB

    def post_chunks(size: int) -> httpx.Response:
        body = batch.ljust(size)
        chunks = (body[i : i + 64 * KIB] for i in range(0, size, 64 * KIB))
        return run.client.post(f"{run.path}/events", content=chunks, headers={"Content-Type": "application/json"})

    problem(post_chunks(2 * limit), 413)
    problem(post_chunks(limit + 1), 413)
    assert stored(run) == NOT_STORED
    ok(post_chunks(limit))
    assert stored(run) == (1, "training")


@pytest.mark.parametrize(
    "make",
    [
        lambda text: phase(ENTITY, message=text),
        lambda text: progress(0.5, message=text),
        log,
        lambda text: complete(message=text),
        fail,
    ],
    ids=["phase", "progress", "log", "complete", "fail"],
)
@pytest.mark.parametrize("character", ["x", "é", "🙂", "\\"])
def test_a_message_is_64_kib_at_most(run: Run, make: Callable[[str], dict[str, Any]], character: str) -> None:
    text = character * (64 * KIB // len(character.encode()))
    refused(run.post({"n": 1, **make(text + "x")}))
    assert stored(run) == NOT_STORED
    run.send(make(text))
    assert messages(run) == [text]


@pytest.mark.parametrize(
    "make",
    [
        lambda m: progress(0.5, metrics=m),
        lambda m: log(metrics=m),
        lambda m: complete(metrics=m),
        lambda m: fail(metrics=m),
    ],
    ids=["progress", "log", "complete", "fail"],
)
@pytest.mark.parametrize("character", ["x", "é", "🙂"])
def test_metrics_are_16_kib_at_most(run: Run, make: Callable[[Any], dict[str, Any]], character: str) -> None:
    per_character = len(character.encode())
    refused(run.post({"n": 1, **make({"k": character * (16 * KIB // per_character + 8)})}))
    assert stored(run) == NOT_STORED
    run.send(make({"k": character * ((16 * KIB - 64) // per_character)}))


@pytest.mark.parametrize("character", ["x", "é", "🙂"])
def test_a_result_is_a_mebibyte_at_most(run: Run, character: str) -> None:
    per_character = len(character.encode())
    refused(run.post({"n": 1, **complete(result={"k": character * (KIB * KIB // per_character + 8)})}))
    assert stored(run) == NOT_STORED
    result = {"k": character * ((KIB * KIB - 64) // per_character)}
    run.send(complete(result=result))
    assert ok(run.client.get(f"{run.path}/result")) == result


# Metrics


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


# Log entries


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


# Progress


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
    changing = {"last_report_at": 0, "elapsed_time_ms": 0, "estimated_completion": 0}
    assert {**after, **changing} == {**before, **changing}
    assert messages(run)[-2:] == ["back?", "Phase initialization"]


def test_progress_before_any_phase_counts_in_the_first(run: Run) -> None:
    run.send(progress(0.5))
    status = run.status()
    assert (status["progress"], status["current_step"]) == (2, "initialization")
    assert status["steps"][0] == {"name": "initialization", "status": "in_progress", "progress": 50}


def test_the_message_is_the_latest_of_progress(run: Run) -> None:
    run.send(progress(0.1))
    assert run.status()["message"] is None
    run.send(progress(0.2, message="first"), progress(0.3), log("a line"))
    assert run.status()["message"] == "first"
    run.send(progress(0.1, message="second"))
    assert run.status()["message"] == "second"


# Times


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-01-20T15:05:00Z", "2026-01-20T15:05:00Z"),
        ("2026-01-20T15:05:00.000Z", "2026-01-20T15:05:00Z"),
        ("2026-01-20T15:05:00.123456Z", "2026-01-20T15:05:00.123456Z"),
        ("2026-01-20T17:05:00+02:00", "2026-01-20T15:05:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("2999-12-31T23:59:59Z", "2999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_entries_keep_the_reporters_timestamp(run: Run, given: str, kept: str) -> None:
    run.send(log(timestamp=given), sent_at=iso(now() + timedelta(hours=1)))
    entry = run.entries()[0]
    parse_time(entry["timestamp"])
    assert parse_time(entry["timestamp"]) == parse_time(kept)
    status = run.status()
    assert parse_time(status["started_at"]) <= now()
    assert status["elapsed_time_ms"] >= 0


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_beyond_the_calendar_do_no_harm(run: Run, timestamp: str) -> None:
    answer = run.post({"n": 1, **log(timestamp=timestamp)}, sent_at=timestamp)
    assert answer.status_code in (200, 422), answer.text
    assert run.status()["status"] in ("pending", "training")


@pytest.mark.parametrize("sent_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_corrections_beyond_the_calendar(run: Run, sent_at: str, timestamp: str) -> None:
    run.send(progress(0.5, message="x", timestamp=timestamp), sent_at=sent_at)
    run.send(complete(timestamp=timestamp), sent_at=sent_at)
    status = run.status()
    assert parse_time(status["started_at"]) <= parse_time(status["completed_at"]) <= now()
    assert run.entries()[0]["timestamp"] == timestamp


def test_an_entry_without_timestamp_has_the_time_of_receipt(run: Run) -> None:
    before = now()
    run.send(log())
    assert before <= parse_time(run.entries()[0]["timestamp"]) <= now()


@pytest.mark.parametrize(
    "ahead", [timedelta(hours=1), timedelta(hours=-1), timedelta(0)], ids=["fast", "slow", "right"]
)
def test_a_wrong_clock_is_corrected(run: Run, ahead: timedelta) -> None:
    run.send(progress(0.2, timestamp=iso(now() + ahead)), sent_at=iso(now() + ahead))
    began = now()
    assert abs((parse_time(run.status()["started_at"]) - began).total_seconds()) < 2
    run.send(complete(timestamp=iso(now() + ahead)), sent_at=iso(now() + ahead))
    status = run.status()
    assert 0 <= status["elapsed_time_ms"] < 4000
    assert parse_time(status["started_at"]) <= parse_time(status["completed_at"]) <= now()


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)], ids=["fast", "slow"])
def test_the_age_of_an_event_survives_a_wrong_clock(run: Run, ahead: timedelta) -> None:
    at = now() + ahead
    run.send(
        progress(0.2, timestamp=iso(at - timedelta(minutes=10))),
        complete(timestamp=iso(at - timedelta(minutes=4))),
        sent_at=iso(at),
    )
    status = run.status()
    assert abs(parse_time(status["started_at"]) - (at - ahead - timedelta(minutes=10))) < timedelta(seconds=2)
    assert abs(parse_time(status["completed_at"]) - (at - ahead - timedelta(minutes=4))) < timedelta(seconds=2)
    assert status["elapsed_time_ms"] == 6 * 60 * 1000


def test_without_sending_time_the_timestamp_is_believed(run: Run) -> None:
    at = now() - timedelta(minutes=10)
    run.send(progress(0.5, timestamp=iso(at)))
    status = run.status()
    assert parse_time(status["started_at"]) == at
    assert 600_000 <= status["elapsed_time_ms"] < 605_000


def test_no_time_of_a_run_is_in_the_future(run: Run) -> None:
    run.send(progress(0.5, timestamp=iso(now() + timedelta(days=1))))
    assert parse_time(run.status()["started_at"]) <= now()
    assert run.status()["elapsed_time_ms"] >= 0
    run.send(complete(timestamp=iso(now() + timedelta(days=1))))
    assert parse_time(run.status()["completed_at"]) <= now()


def test_an_end_is_never_before_the_start(run: Run) -> None:
    run.send(progress(0.5, timestamp=iso(now() - timedelta(minutes=1))))
    run.send(fail(timestamp=iso(now() - timedelta(minutes=9))))
    status = run.status()
    assert status["completed_at"] == status["started_at"]
    assert status["elapsed_time_ms"] == 0


def test_the_first_event_is_the_start_whatever_it_is(run: Run) -> None:
    at = now() - timedelta(minutes=1)
    run.send(log(timestamp=iso(at)))
    status = run.status()
    assert (status["status"], parse_time(status["started_at"])) == ("training", at)
    run.send(phase(ENTITY, timestamp=iso(at + timedelta(seconds=30))))
    assert run.status()["started_at"] == status["started_at"]


def test_reports_are_timed_by_the_services_clock(run: Run) -> None:
    run.send(log(timestamp="1970-01-01T00:00:00Z"), sent_at="1970-01-01T00:00:00Z")
    for report in (lambda: run.send(log()), run.heartbeat):
        before = now()
        report()
        assert before <= parse_time(run.status()["last_report_at"]) <= now()


# Heartbeats


def test_heartbeats_are_answered_in_every_state(start: Start) -> None:
    run, failed = start(), start()
    expected = {"accepted": 0, "duplicates": 0, "last_n": 0, "status": "pending", "cancel_requested": False}
    assert run.heartbeat().items() >= expected.items()
    assert run.status()["started_at"] is None
    run.send(progress(0.5))
    assert run.heartbeat().items() >= {**expected, "last_n": 1, "status": "training"}.items()
    run.send(complete())
    assert run.heartbeat().items() >= {**expected, "last_n": 2, "status": "completed"}.items()
    failed.send(fail())
    assert failed.heartbeat().items() >= {**expected, "last_n": 1, "status": "failed"}.items()
    assert failed.status()["status"] == "failed"
    assert [entry["level"] for entry in failed.entries()] == ["ERROR"]


def test_a_heartbeat_is_a_report(run: Run) -> None:
    first = parse_time(run.status()["last_report_at"])

    def heard_later() -> bool:
        run.heartbeat()
        return parse_time(run.status()["last_report_at"]) > first

    await_until(heard_later, 5)


# Concurrency


def test_eight_threads_that_send_to_one_run(service: Any, run: Run) -> None:
    source, size, batches = new_id(), 5, 24
    client = service.client(service.token("reporter"))

    def post_until_stored(index: int) -> int:
        numbers = range(index * size + 1, index * size + size + 1)
        batch = {"source": source, "events": events_named(*numbers)}

        def attempt() -> httpx.Response | None:
            answer = client.post(f"{run.path}/events", json=batch)
            if answer.status_code == 409:
                assert 1 <= problem(answer, 409)["expected_n"] < numbers[0]
                return None
            return answer

        return int(ok(await_until(attempt, 20))["accepted"])

    with ThreadPoolExecutor(8) as threads:
        accepted = list(threads.map(post_until_stored, range(batches)))

    assert accepted == [size] * batches
    entries = run.entries() + run.log(order="asc", page=2, page_size=100)["logs"]
    assert [entry["message"] for entry in entries] == [f"event {n}" for n in range(1, batches * size + 1)]
    assert [entry["seq"] for entry in entries] == list(range(1, batches * size + 1))


def test_one_batch_sent_eight_times_at_once_is_stored_once(run: Run) -> None:
    together = Barrier(8)

    def post(_: int) -> dict[str, Any]:
        together.wait(10)
        return ok(run.post(*events_named(*range(1, 51))))  # type: ignore[no-any-return]

    with ThreadPoolExecutor(8) as threads:
        receipts = list(threads.map(post, range(8)))
    assert sorted((receipt["accepted"], receipt["duplicates"]) for receipt in receipts) == [(0, 50)] * 7 + [(50, 0)]
    assert run.log()["total_logs"] == 50


def test_of_two_ends_at_once_one_counts(run: Run) -> None:
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda end: run.post({"n": 1, **end}), [complete(), fail()]))
    receipts = [ok(answer) for answer in answers]
    assert sorted(receipt["accepted"] for receipt in receipts) == [0, 1]
    assert len({receipt["status"] for receipt in receipts}) == 1
