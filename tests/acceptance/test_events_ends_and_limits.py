"""`/training-runs/{id}/events`: what an end ends, and how much a batch may have."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.answers import ok, problem, refused
from tests.support.runs import ENTITY, Run, complete, fail, log, phase, progress
from tests.support.sent_events import (
    KIB,
    NOT_STORED,
    events_named,
    messages,
    post_text,
    stored,
)


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
