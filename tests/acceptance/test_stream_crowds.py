"""Many viewers at once, and what is taken from under them: the listener, the database, the service."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from tests.support.answers import ok, problem
from tests.support.live_viewers import Told, Viewer
from tests.support.own_database import Database
from tests.support.plain_http import NO_CERTIFICATES
from tests.support.running_service import ADMIN, Service, await_until
from tests.support.runs import Run, complete, log, phase, progress
from tests.support.stream_viewers import FACES, OPENED, Audience, watch_to_the_end

LIMIT_S = 120.0
REACHES_WITHIN_S = 30.0
SHUTDOWN_WITHIN_S = 15.0
CROWD = 200
SPARE = 8  # connections of the pools that serve requests and streams, opened when first needed
BACKENDS = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
LISTENERS = f"SELECT pid {BACKENDS} AND query ILIKE 'LISTEN%%'"


@pytest.fixture(scope="module")
def shared_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(tmp_path_factory.mktemp("crowds") / "postgres")
    database.start()
    yield database
    database.stop()


@pytest.fixture
def served(shared_database: Database) -> Iterator[Service]:
    with shared_database.served() as service:
        yield service
    assert not service.complaints


@pytest.fixture
def client(served: Service) -> httpx.Client:
    return served.client(served.token("operator"))


def begin(client: httpx.Client) -> Run:
    """A run of a domain of its own."""
    domain = f"crowd_{random.randrange(10**12)}"
    assert client.post("/domains", json={"name": domain, "description": "A domain under test"}).status_code == 201
    return Run(client, domain)


def open_crowd(audience: Audience, domain: str, size: int = CROWD) -> list[Viewer]:
    """Viewers of both kinds, all of whom have been told something."""
    faces = cycle(FACES.values())
    with ThreadPoolExecutor(16) as opening:
        viewers = list(opening.map(lambda face: face(audience, domain), [next(faces) for _ in range(size)]))
    assert {viewer.answer.status_code for viewer in viewers} == set(OPENED)
    for viewer in viewers:
        viewer.await_type("progress_update")
    return viewers


def test_viewers_come_and_go_while_three_write(served: Service, client: httpx.Client) -> None:
    runs = [begin(client) for _ in range(3)]
    audience = Audience(served, served.token("viewer"))

    def write(run: Run) -> None:
        at_random = random.Random(run.domain)
        for _ in range(60):
            run.send(*[log(f"line {run.n + 1 + i}") for i in range(at_random.randint(1, 20))])
        run.send(phase("model_validation"), complete())

    def watch(number: int) -> list[Told]:
        at_random, run = random.Random(number), runs[number % 3]
        face = list(FACES.values())[number % 2]

        def open_again(cursor: str | None) -> Viewer:
            return face(audience, run.domain, training_run_id=run.id, last_event_id=cursor)

        return watch_to_the_end(open_again, run, stay=lambda: at_random.randint(1, 150), limit_s=LIMIT_S)

    with ThreadPoolExecutor(53) as threads:
        writing = [threads.submit(write, run) for run in runs]
        watching = [threads.submit(watch, number) for number in range(50)]
        for job in writing:
            job.result(LIMIT_S)
        seen = [job.result(LIMIT_S) for job in watching]
    logs = {run.id: all_entries(run) for run in runs}
    for number, told in enumerate(seen):
        run = runs[number % 3]
        assert [one.envelope["data"] for one in told if one.seq is not None] == logs[run.id]
        assert [one.type for one in told if one.is_end] == ["completed"]
        assert {one.run_id for one in told} == {run.id}
    for run in runs:
        assert len(logs[run.id]) == run.n - 1  # all events but the end have an entry


def all_entries(run: Run) -> list[dict]:
    lines: list[dict] = []
    while page := run.log(order="asc", page_size=100, after_seq=len(lines))["logs"]:
        lines += page
    return lines


def to_and_fro(run: Run, viewers: list[Viewer], times: int) -> None:
    """Write what comes next when the one before was seen; by looks every few seconds this would take minutes."""
    deadline = time.monotonic() + LIMIT_S / 2
    for _ in range(times):
        run.send(log())
        for viewer in viewers:
            viewer.await_seq(run.log(page_size=1)["last_seq"], limit_s=deadline - time.monotonic())


def test_a_write_of_another_process_reaches_viewers(shared_database: Database, served: Service) -> None:
    with shared_database.served() as other, Audience(served, served.token("viewer")) as audience:
        there = other.client(other.token("operator"))
        run = begin(there)
        viewers: list[Viewer] = [face(audience, run.domain) for face in FACES.values()]
        viewers.append(audience.sse(None))
        for viewer in viewers:
            viewer.await_told(lambda one: one.run_id == run.id)
        run.send(phase("loading_data"), log(), progress(0.5))
        for viewer in viewers[:2]:
            viewer.await_seq(2, limit_s=REACHES_WITHIN_S)
        viewers[2].await_told(lambda one: one.run_id == run.id and one.status["progress"] == 7, REACHES_WITHIN_S)
        to_and_fro(run, viewers[:2], 40)
        run.send(complete())
        for viewer in viewers:
            viewer.await_told(lambda one: one.run_id == run.id and one.is_end, REACHES_WITHIN_S)
        with Audience(other, other.token("viewer")) as there_too:
            open_crowd(there_too, run.domain, 20)
            assert len(shared_database.query(LISTENERS)) == 2, "one connection that listens for each process"


def test_the_listener_is_terminated(shared_database: Database, served: Service) -> None:
    with shared_database.served() as other, Audience(served, served.token("viewer")) as audience:
        run = begin(other.client(other.token("operator")))
        viewers = open_crowd(audience, run.domain, 20)
        run.send(log("before"))
        for viewer in viewers:
            viewer.await_seq(1)
        before = set(shared_database.query(LISTENERS))
        for one in before:
            assert shared_database.query("SELECT pg_terminate_backend(%s)", *one) == [(True,)]
        run.send(log("at once"))
        for viewer in viewers:
            viewer.await_seq(2, limit_s=REACHES_WITHIN_S)
        await_until(lambda: len(set(shared_database.query(LISTENERS)) - before) == len(before) > 0, LIMIT_S)
        to_and_fro(run, viewers, 20)
        run.send(log("later"), complete())
        for viewer in viewers:
            viewer.await_type("completed", REACHES_WITHIN_S)
            assert viewer.seqs == list(range(1, run.n))


def test_the_database_is_restarted(database: Database) -> None:
    with database.served() as service:
        client = service.client(service.token("operator"))
        run = begin(client)
        run.send(log("one"))
        audience = Audience(service, service.token("viewer"))
        seen: dict[int, list[Told]] = {}

        def watch(number: int) -> None:
            def open_again(cursor: str | None) -> Viewer:
                face = list(FACES.values())[number % 2]
                return face(audience, run.domain, training_run_id=run.id, last_event_id=cursor)

            seen[number] = watch_to_the_end(open_again, run, limit_s=LIMIT_S)

        threads = [threading.Thread(target=watch, args=[number]) for number in range(10)]
        for thread in threads:
            thread.start()
        run.send(log("two"))
        database.stop()
        assert audience.sse(run.domain).answer.status_code in (500, 503)
        problem(audience.websocket(run.domain).answer, 500, 503)
        database.start()
        await_until(lambda: client.get(run.path).status_code == 200, LIMIT_S)
        run.send(log("three"), log("four"), complete())
        for thread in threads:
            thread.join(LIMIT_S)
        audience.close()
    assert sorted(seen) == list(range(10))
    for told in seen.values():
        assert [one.seq for one in told if one.seq is not None] == [1, 2, 3, 4]
        assert [one.type for one in told if one.is_end] == ["completed"]


def test_a_signal_ends_all_streams(served: Service, client: httpx.Client) -> None:
    run = begin(client)
    with Audience(served, served.token("viewer")) as audience:
        viewers = open_crowd(audience, run.domain)
        run.send(log())
        for viewer in viewers:
            viewer.await_seq(1)
        served.terminate(SHUTDOWN_WITHIN_S)
        for viewer in viewers:
            viewer.await_over()
            assert getattr(viewer, "close_code", 1012) == 1012


def test_what_a_crowd_leaves_behind(shared_database: Database, served: Service, client: httpx.Client) -> None:
    """No socket, no thread and no database connection per viewer; after it has left, nothing."""
    run = begin(client)
    run.send(log())
    with (
        httpx.Client(headers=client.headers, timeout=30, verify=NO_CERTIFICATES) as busy,
        ThreadPoolExecutor(16) as many,
    ):
        # The pools have their connections before the count begins.
        answers = many.map(lambda _: ok(busy.get(f"{served.url}{ADMIN}{run.path}")), range(64))
        assert {body["status"] for body in answers} == {"training"}
    before = sockets_of(served)
    with Audience(served, served.token("viewer")) as audience:
        open_crowd(audience, run.domain, 20)
    await_until(lambda: sockets_of(served) <= before + SPARE, LIMIT_S)
    sockets, threads, connections = sockets_of(served), threads_of(served), connections_to(shared_database)
    for _ in range(2):
        with Audience(served, served.token("viewer")) as audience:
            viewers = open_crowd(audience, run.domain)
            assert sockets_of(served) >= CROWD
            assert connections_to(shared_database) <= connections + SPARE
            assert threads_of(served) <= threads + SPARE
            run.send(log())
            for viewer in viewers:
                viewer.await_seq(run.n)
        await_until(lambda: sockets_of(served) <= sockets + SPARE, LIMIT_S)
    assert connections_to(shared_database) <= connections + SPARE
    assert threads_of(served) <= threads + SPARE


def sockets_of(service: Service) -> int:
    links = (link for link in Path(f"/proc/{service.pid}/fd").iterdir())
    return sum(read_link(link).startswith("socket:") for link in links)


def read_link(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""


def threads_of(service: Service) -> int:
    return len(list(Path(f"/proc/{service.pid}/task").iterdir()))


def connections_to(database: Database) -> int:
    return int(database.query(f"SELECT count(*) {BACKENDS}")[0][0])
