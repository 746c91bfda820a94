"""Viewers and the service come and go while a run is written: every entry once, in order, and its end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support.answers import ok
from tests.support.domains import create_domain
from tests.support.live_viewers import Told, Viewer
from tests.support.plain_http import NO_CERTIFICATES
from tests.support.running_service import Service, await_until
from tests.support.runs import Run, complete, log
from tests.support.stream_viewers import FACES, Audience, watch_to_the_end

LIMIT_S = 120.0
RETRY_AFTER_S = 0.05
MANY = 100_000
MEMORY_MAX_BYTES = 100 * 1024 * 1024
SILENCE_NOTICED_WITHIN_S = 15.0


@pytest.mark.parametrize("face", FACES)
def test_a_viewer_across_kills_of_the_service(own_service: Service, face: str) -> None:
    """A reporter writes on, resending what was not answered; the viewer comes back with its cursor."""
    token = own_service.token("operator")
    client = own_service.client(token)
    run = Run(client, create_domain(client))
    may_end, ended, seen = threading.Event(), threading.Event(), []

    def write() -> None:
        last_n = 0
        while not ended.is_set():
            batch = [{"n": n, **log(f"line {n}")} for n in range(last_n + 1, last_n + 8)]
            if last_n and may_end.is_set():
                batch = [{"n": last_n + 1, **complete()}]
            try:
                answer = run.post(*batch)
            except httpx.TransportError:
                run.client = own_service.client(token)
                ended.wait(RETRY_AFTER_S)
                continue
            if answer.status_code == 200:
                last_n = answer.json()["last_n"]
                if answer.json()["status"] == "completed":
                    ended.set()

    def watch() -> None:
        audience = Audience(own_service, token)

        def open_again(cursor: str | None) -> Viewer:
            return FACES[face](audience, run.domain, training_run_id=run.id, last_event_id=cursor)

        seen.extend(watch_to_the_end(open_again, run, limit_s=LIMIT_S))

    threads = [threading.Thread(target=write), threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        stored = stored_entries(own_service, run)
        await_until(lambda at=stored: stored_entries(own_service, run) > at + 20, LIMIT_S)
        own_service.kill()
        own_service.start()
    may_end.set()
    for thread in threads:
        thread.join(LIMIT_S)
        assert not thread.is_alive()
    entries = [one.envelope["data"] for one in seen if one.seq is not None]
    assert [entry["seq"] for entry in entries] == list(range(1, stored_entries(own_service, run) + 1))
    assert [entry["message"] for entry in entries] == [f"line {n}" for n in range(1, len(entries) + 1)]
    assert [one.type for one in seen if one.is_end] == ["completed"]


def stored_entries(service: Service, run: Run) -> int:
    headers = {"Authorization": f"Bearer {service.token('operator')}"}
    with httpx.Client(headers=headers, timeout=30, verify=NO_CERTIFICATES) as client:
        address = f"{service.url}/api/v1/admin/domains/{run.domain}/training-logs?page_size=1"
        return int(ok(client.get(address))["last_seq"])


def test_catching_up_over_a_long_log(own_service: Service) -> None:
    """The process does not hold the log in memory, however fast the viewers read."""
    client = own_service.client(own_service.token("operator"))
    run = Run(client, create_domain(client))
    text = "x" * 400
    for first in range(1, MANY + 1, 1000):
        run.send(*[log(f"{n} {text}") for n in range(first, first + 1000)])
    with Audience(own_service, own_service.token("viewer")) as audience:
        before = resident_bytes(own_service, "VmRSS")
        Path(f"/proc/{own_service.pid}/clear_refs").write_text("5")  # the peak counts from here on
        viewers: list[Viewer] = [face(audience, run.domain, training_run_id=run.id) for face in FACES.values()]
        viewers.append(audience.sse(run.domain, training_run_id=run.id, last_event_id="1.1000"))
        run.send(complete())
        for viewer in viewers:
            viewer.await_over(LIMIT_S)
        for viewer, first in zip(viewers, (1, 1, 1001), strict=True):
            assert viewer.seqs == list(range(first, MANY + 1))
            assert viewer.story[-1] == "completed"
        last = next(one for one in viewers[0].told if one.seq == MANY)
        assert last.envelope["data"]["message"] == f"{MANY} {text}"
    assert resident_bytes(own_service, "VmHWM") - before < MEMORY_MAX_BYTES


def resident_bytes(service: Service, name: str) -> int:
    lines = Path(f"/proc/{service.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


# An end that is provisional


@pytest.fixture
def silent(impatient_service: Service) -> Run:
    """A run with two entries that nobody reports on."""
    client = impatient_service.client(impatient_service.token("operator"))
    run = Run(client, create_domain(client))
    run.send(log("one"), log("two"))
    await_until(lambda: run.status()["health"] == "stalled", SILENCE_NOTICED_WITHIN_S)
    return run


@contextmanager
def heard_of(run: Run) -> Iterator[None]:
    """The run's reporter goes on sending heartbeats."""
    silent = threading.Event()

    def beat() -> None:
        while not silent.wait(0.2):
            run.heartbeat()

    reporter = threading.Thread(target=beat)
    reporter.start()
    try:
        yield
    finally:
        silent.set()
        reporter.join(LIMIT_S)


@pytest.mark.parametrize("face", FACES)
def test_a_provisional_end_is_told_and_taken_back(impatient_service: Service, silent: Run, face: str) -> None:
    run = silent
    with Audience(impatient_service, None) as anybody:
        open_viewer = partial(FACES[face], anybody, run.domain)
        of_domain, of_run = open_viewer(), open_viewer(training_run_id=run.id)
        for viewer in (of_domain, of_run):
            viewer.await_seq(2)
        ok(run.cancel())
        end = of_domain.await_type("failed")
        at = of_domain.told.index(end)
        assert end.id == ("1.end" if face == "sse" else None)
        assert end.status["failure_reason"] == "cancelled"
        of_run.await_over()
        assert of_run.story[-1] == "failed"
        run.send(log("three"), log("four"))
        with heard_of(run):
            of_domain.await_seq(4)
            of_domain.await_that(lambda: any(runs_again(one) for one in of_domain.told[at:]))
            later = [open_viewer(last_event_id="1.end", **scope) for scope in ({}, {"training_run_id": run.id})]
            for viewer in later:
                viewer.await_seq(4)
        run.send(complete())
        for viewer in (of_domain, *later):
            viewer.await_type("completed")
        later[1].await_over()
    assert of_domain.seqs == [1, 2, 3, 4]
    for viewer in later:
        assert viewer.seqs in ([3, 4], [1, 2, 3, 4])


def test_whoever_left_at_a_provisional_end_learns_the_final_one(impatient_service: Service, silent: Run) -> None:
    """The run went on and ended while they were away: what they come back with must not say that they know."""
    run = silent
    with Audience(impatient_service, None) as anybody:
        early = anybody.sse(run.domain, training_run_id=run.id)
        early.await_seq(2)
        ok(run.cancel())
        early.await_over()
        cursor = next(one.id for one in reversed(early.told) if one.id)
        run.send(log("three"), log("four"), complete())
        for scope in ({"training_run_id": run.id}, {}):
            back = anybody.sse(run.domain, last_event_id=cursor, **scope)
            back.await_type("completed")
            assert back.seqs == [3, 4]


def runs_again(one: Told) -> bool:
    return one.seq is None and one.status["status"] == "training"


def test_a_silent_run_that_was_asked_to_stop_ends_by_itself(impatient_service: Service) -> None:
    """Nothing is written when it does: it is a matter of the clock."""
    client = impatient_service.client(impatient_service.token("operator"))
    run = Run(client, create_domain(client))
    run.send(log("one"))
    with Audience(impatient_service, None) as anybody:
        viewers = [face(anybody, run.domain, training_run_id=run.id) for face in FACES.values()]
        assert ok(run.cancel())["cancel_requested"] is True
        for viewer in viewers:
            viewer.await_told(lambda one: one.seq is None and one.status["cancel_requested"])
            viewer.await_over(3 * SILENCE_NOTICED_WITHIN_S)
            assert viewer.told[-1].type == "failed"
            assert viewer.told[-1].status["failure_reason"] == "cancelled"
