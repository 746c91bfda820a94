"""`/training-runs/{id}/events`: a bad event refuses all, and stores nothing."""

from typing import Any

import pytest

from tests.support.answers import ok, problem, refused
from tests.support.runs import ENTITY, Run, complete, fail, log, phase, progress
from tests.support.sent_events import NOT_STORED, events_named, messages, post_text, stored

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
    progress(0.5, higher_is_better=[]),
    progress(0.5, higher_is_better={"a": 1}),
    progress(0.5, higher_is_better={"a": None}),
    log(higher_is_better={"a": "up"}),
    log(higher_is_better={"a\x00": True}),
    complete(higher_is_better="a"),
    fail(higher_is_better={"a": {}}),
    phase(ENTITY, higher_is_better={"a": True}),
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
