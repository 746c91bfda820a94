"""`/training-runs/{id}/events`: every event once and in order, whoever sends it again."""

from typing import Any

import pytest

from tests.support.answers import ok, problem, refused
from tests.support.runs import AN_ID, Run, complete, fail, iso, log, new_id, now, progress
from tests.support.sent_events import NOT_STORED, events_named, messages, stored


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
