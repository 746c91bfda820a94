"""`/training-runs/{id}/heartbeat`, and events that many send at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx

from tests.support.answers import ok, parse_time, problem
from tests.support.running_service import await_until
from tests.support.runs import Run, complete, fail, new_id, progress
from tests.support.sent_events import Start, events_named


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
