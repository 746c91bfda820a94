"""The service behind a real nginx with the configuration that `docs/streaming.md` gives: REST, streams, restarts."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.answers import ok, problem
from tests.support.domains import create_domain
from tests.support.running_nginx import Nginx
from tests.support.running_service import ADMIN, Service, await_until
from tests.support.runs import Run, complete, log

LIMIT_S = 30.0  # longer than the 15 s between comments
VIEWERS_MAX = 4


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service that is told it is behind HTTPS, and that may be stopped."""
    running = Service(AEGIS_HTTPS="1", AEGIS_STREAM_VIEWERS_MAX=str(VIEWERS_MAX))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def nginx(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    running = Nginx(tmp_path_factory.mktemp("nginx"), service.url)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def run_of_its_own(service: Service, nginx: Nginx) -> Any:
    """A function that starts a run of a new domain. Its reporter goes to the service directly, not through nginx."""
    reporter = service.client(service.token("operator"))
    return lambda: Run(reporter, create_domain(reporter))


@pytest.fixture
def run(run_of_its_own: Any) -> Run:
    return run_of_its_own()  # type: ignore[no-any-return]


@pytest.fixture
def through(service: Service, nginx: Nginx) -> Iterator[httpx.Client]:
    """An operator's client that goes through nginx."""
    headers = {"Authorization": f"Bearer {service.token('operator')}"}
    with httpx.Client(base_url=nginx.url + ADMIN, verify=nginx.tls, timeout=LIMIT_S, headers=headers) as client:
        yield client


class Viewer:
    """Follows a run by Server-Sent Events and keeps the ids of the log entries as they arrive."""

    def __init__(self, client: httpx.Client, run: Run) -> None:
        self._client, self._run = client, run
        self.ids: list[str] = []

    @contextmanager
    def connected(self) -> Iterator[httpx.Response]:
        """A connection that goes on after the last entry seen, as EventSource does it."""
        with self._client.stream(
            "GET",
            f"/domains/{self._run.domain}/training-stream",
            params={"training_run_id": self._run.id},
            headers={"Last-Event-ID": self.ids[-1]} if self.ids else {},
        ) as answer:
            assert answer.status_code == 200, answer.read()
            self._messages = messages(answer)
            yield answer

    def read(self, until: int | None = None) -> None:
        """Read on until that entry has come, or to the end of the stream."""
        for name, envelope in self._messages:
            if envelope["event_type"] == "log":
                assert name == f"{self._run.number}.{envelope['data']['seq']}"
                self.ids.append(name)
                if envelope["data"]["seq"] == until:
                    return
        assert until is None, f"the stream ended after {self.ids}"

    def has_each_once(self, last: int) -> bool:
        return self.ids == [f"{self._run.number}.{seq}" for seq in range(1, last + 1)]


def messages(answer: httpx.Response) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Id and envelope of each message as it arrives, each awaited no longer than the limit."""
    name, deadline = None, time.monotonic() + LIMIT_S
    for line in answer.iter_lines():
        if line.startswith("id: "):
            name = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
            name, deadline = None, time.monotonic() + LIMIT_S
        assert time.monotonic() < deadline, "nothing but comments"


def websocket(nginx: Nginx, run: Run, **more: Any) -> ClientConnection:
    address = f"{nginx.url.replace('https', 'wss')}/ws/domains/{run.domain}/training?training_run_id={run.id}"
    return connect(address, ssl=nginx.tls, proxy=None, open_timeout=LIMIT_S, **more)


def next_entry(socket: ClientConnection) -> tuple[int, str]:
    while True:
        envelope = json.loads(socket.recv(timeout=LIMIT_S))
        if envelope["event_type"] == "log":
            return envelope["data"]["seq"], envelope["data"]["message"]


# REST and pages


def test_rest(through: httpx.Client, run: Run) -> None:
    body = {"events": [{"n": 1, **log("through nginx")}]}
    assert ok(through.post(f"{run.path}/events", json=body))["accepted"] == 1
    assert ok(through.get(f"/domains/{run.domain}/training-logs"))["logs"][0]["message"] == "through nginx"
    problem(through.get("/domains/unknown"), 404)


def test_what_is_too_large_is_refused_by_the_service(through: httpx.Client, run: Run) -> None:
    mebibyte = [{"n": n, **log("x" * 60_000)} for n in range(1, 18)]
    assert ok(through.post(f"{run.path}/events", json={"events": mebibyte}))["accepted"] == 17
    problem(through.post(f"{run.path}/events", content=b"x" * (4 * 1024 * 1024 + 1)), 413)


@pytest.fixture
def session(service: Service, nginx: Nginx) -> str:
    """The `Cookie` of the operator, who has signed in on the page."""
    with httpx.Client(base_url=nginx.url, verify=nginx.tls, timeout=LIMIT_S) as browser:
        browser.get("/sign-in")
        answer = browser.post(
            "/sign-in",
            data={
                "username": "operator",
                "password": service.operator_password,
                "csrfmiddlewaretoken": browser.cookies["csrftoken"],
            },
            headers={"Origin": nginx.url},
        )
        assert (answer.status_code, answer.headers["location"]) == (302, "/"), answer.text
        assert all(cookie.secure for cookie in browser.cookies.jar)
        assert browser.get("/").status_code == 200
        return f"sessionid={browser.cookies['sessionid']}"


# Streams


def test_server_sent_events_are_not_held_back(through: httpx.Client, run: Run) -> None:
    viewer = Viewer(through, run)
    with viewer.connected() as answer:
        assert answer.headers["content-type"].split(";")[0] == "text/event-stream"
        for seq in range(1, 6):
            run.send(log("a line"))
            viewer.read(until=seq)  # each before the next is sent
        run.send(complete())
        viewer.read()
    assert viewer.has_each_once(5)


def test_a_websocket(service: Service, nginx: Nginx, run: Run) -> None:
    with websocket(nginx, run, additional_headers={"Authorization": f"Bearer {service.token('viewer')}"}) as socket:
        for seq in range(1, 6):
            run.send(log(f"line {seq}"))
            assert next_entry(socket) == (seq, f"line {seq}")


def test_a_websocket_of_a_page(nginx: Nginx, session: str, run: Run) -> None:
    """A page of the service itself may open one with its session, a page from elsewhere may not."""
    cookie = {"Cookie": session}
    with websocket(nginx, run, additional_headers=cookie, origin=nginx.url) as socket:
        run.send(log("to a page"))
        assert next_entry(socket) == (1, "to a page")
    for origin in ("https://elsewhere.example", "https://127.0.0.1", f"{nginx.url}0", "null"):
        with pytest.raises(InvalidStatus) as refused:
            websocket(nginx, run, additional_headers=cookie, origin=origin)
        assert refused.value.response.status_code == 403


def test_viewers_who_leave_make_room(through: httpx.Client, run: Run) -> None:
    def all_places_can_be_taken() -> bool:
        with ExitStack() as connections:
            path = f"/domains/{run.domain}/training-stream"
            answers = [connections.enter_context(through.stream("GET", path)) for _ in range(VIEWERS_MAX + 1)]
            if [answer.status_code for answer in answers] != [200] * VIEWERS_MAX + [503]:
                return False
            answers[-1].read()
            problem(answers[-1], 503)
            return int(answers[-1].headers["retry-after"]) > 0

    await_until(all_places_can_be_taken, LIMIT_S)
    await_until(all_places_can_be_taken, LIMIT_S)


def test_no_ticket_is_written_down(nginx: Nginx, through: httpx.Client, run: Run) -> None:
    answer = through.post("/stream-tickets", json={"domain": run.domain})
    assert answer.status_code == 201, answer.text
    ticket = answer.json()["ticket"]
    run.send(complete())
    path = f"{ADMIN}/domains/{run.domain}/training-stream"
    parameters = {"ticket": ticket, "training_run_id": run.id}
    assert httpx.get(nginx.url + path, params=parameters, verify=nginx.tls, timeout=LIMIT_S).status_code == 200
    await_until(lambda: f"GET {path}" in nginx.access_log.read_text(), LIMIT_S)
    signature = ticket.rpartition(":")[2]  # that part looks the same in an address
    assert len(signature) > 20
    assert signature not in nginx.access_log.read_text()


# Restarts


def test_nginx_restarted_while_a_viewer_watches(nginx: Nginx, through: httpx.Client, run: Run) -> None:
    viewer = Viewer(through, run)
    with viewer.connected():
        run.send(*[log(f"line {n} {'x' * 1000}") for n in range(1000)])
        viewer.read(until=10)
        nginx.stop()  # with entries under way
        with pytest.raises(httpx.TransportError):
            viewer.read()
    run.send(log("unseen"))
    nginx.start()
    with viewer.connected():
        viewer.read(until=1001)
        run.send(log("live again"))
        viewer.read(until=1002)
    assert viewer.has_each_once(1002)


def test_the_service_restarted_behind_it(service: Service, nginx: Nginx, through: httpx.Client, run: Run) -> None:
    viewer = Viewer(through, run)
    with viewer.connected():
        run.send(log("before"))
        viewer.read(until=1)
        service.terminate()
        viewer.read()
    assert httpx.get(f"{nginx.url}/healthz", verify=nginx.tls, timeout=LIMIT_S).status_code == 502
    service.start()
    run.send(log("after"))
    with viewer.connected():
        viewer.read(until=2)
        run.send(complete(message="the end"))
        viewer.read()
    assert viewer.has_each_once(3)


def test_nginx_that_speaks_the_old_http(service: Service, run: Run, tmp_path: Path) -> None:
    """As it does to what is behind it where nobody says otherwise: a body must not come with the marks of chunks."""
    run.send(*[log(f"line {n}") for n in range(1, 1001)])
    run.send(complete())
    old = Nginx(tmp_path, service.url, changes={"proxy_http_version 1.1;": "proxy_http_version 1.0;"})
    headers = {"Authorization": f"Bearer {service.token('operator')}"}
    try:
        old.start()
        with httpx.Client(base_url=old.url, verify=old.tls, timeout=LIMIT_S, headers=headers) as client:
            address = f"{ADMIN}/domains/{run.domain}/training-logs/download"
            for encoding in ("identity", "gzip"):
                lines = client.get(address, headers={"Accept-Encoding": encoding}).text.splitlines()
                assert [json.loads(line)["seq"] for line in lines] == list(range(1000, 0, -1))
            stream = f"{ADMIN}/domains/{run.domain}/training-stream?training_run_id={run.id}"
            with client.stream("GET", stream) as answer:
                ends = [envelope["event_type"] for _, envelope in messages(answer)]
            assert (ends.count("log"), ends[-1]) == (1000, "completed")
            assert client.get("/healthz").json() == {"status": "ok"}
    finally:
        old.stop()
