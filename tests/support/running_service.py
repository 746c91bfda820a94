"""A real service process, and the reporters and readers that meet it over HTTP.

Nothing here imports the service: what it promises is written down again, from the contract.
"""

import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from psycopg import sql

from tests.support.migrated_cluster import copy_migrated_cluster
from tests.support.project import PROJECT

ADMIN = "/api/v1/admin"
START_LIMIT_S = 60.0
AN_ID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"

PHASES = {
    "initialization": (0, 5),
    "loading_data": (5, 10),
    "entity_extraction_optimization": (10, 45),
    "relation_extraction_optimization": (45, 80),
    "prompt_extraction": (80, 85),
    "model_validation": (85, 95),
    "saving_results": (95, 100),
}
ENTITY = "entity_extraction_optimization"
RELATION = "relation_extraction_optimization"

_LEAKS = re.compile(
    r"Traceback|File \"|site-packages|\.py\b|psycopg|django|SELECT |INSERT |UPDATE .* SET|DETAIL:|CONTEXT:|"
    r"(?:/home|/usr|/tmp|/opt|/var|/root)/",
    re.IGNORECASE,
)
_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


class Service:
    """`manage.py serve` on a free port, which it keeps, with a database and a data folder of its own."""

    def __init__(self, **settings: str) -> None:
        self._data_dir = tempfile.mkdtemp(prefix="aegis-acceptance-")
        self._server_url = os.environ.get("DATABASE_URL")
        self._has_database = False
        self._database = f"acceptance_{uuid.uuid4().hex}"
        self._environment = (
            {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("AEGIS_", "DJANGO_", "PYTEST_")) and name != "DATABASE_URL"
            }
            | {
                "AEGIS_DATA_DIR": self._data_dir,
                "AEGIS_STATIC_DIR": str(PROJECT / ".data" / "tests" / "static"),  # collected once for all tests
                "PYTHONUNBUFFERED": "1",
            }
            | settings
        )
        self._tokens: dict[tuple[str, str | None], str] = {}
        self._clients: list[httpx.Client] = []
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self.said: list[str] = []
        self.url = ""
        self.prefix: list[str] = []  # a program that starts the service, and becomes it
        self.arguments: list[str] = []  # further ones of `serve`
        self.project = PROJECT  # the folder of `manage.py`

    def start(self) -> None:
        """Return when the service has announced its address; fail with what it said when it does not."""
        if self._server_url and not self._has_database:
            with psycopg.connect(self._server_url, autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._database)))
            parts = urlsplit(self._server_url)
            self._environment["DATABASE_URL"] = urlunsplit(parts._replace(path=f"/{self._database}"))
            self._has_database = True
        if "DATABASE_URL" not in self._environment and not (cluster := Path(self._data_dir, "postgresql")).exists():
            copy_migrated_cluster(cluster)
        self._port = self._port or free_port()
        address = ("--host", "127.0.0.1", "--port", str(self._port))
        self._process = subprocess.Popen(
            [*self.prefix, sys.executable, "manage.py", "serve", *address, *self.arguments],
            cwd=self.project,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines: queue.Queue[str] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, args=(lines,), daemon=True)
        self._listener.start()
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"The service did not announce itself: {self.said}") from None
            if not line:
                raise RuntimeError(f"The service ended: {self.said}")
            if "Aegis Training Status is at" in line:
                break
        self.url = f"http://127.0.0.1:{self._port}"

    def use_database(self, url: str) -> None:
        """Serve from this database, which is somebody else's to make and to remove. Call it before `start`."""
        self._server_url = None
        self._environment["DATABASE_URL"] = url

    @property
    def data_dir(self) -> Path:
        """The service's data folder."""
        return Path(self._data_dir)

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def complaints(self) -> list[str]:
        """What the service said and should never have to say, but with its database gone."""
        return [line for line in self.said if re.search(r"Traceback|ERROR|CRITICAL|never awaited|was destroyed", line)]

    def connect_to_database(self) -> psycopg.Connection:
        """A connection in autocommit: for what would take hours over HTTP, such as a million log entries."""
        if url := self._environment.get("DATABASE_URL"):
            return psycopg.connect(url, autocommit=True)
        pid_file = Path(self._data_dir, "postgresql", "cluster", "postmaster.pid")
        port, socket_directory = pid_file.read_text().splitlines()[3:5]
        return psycopg.connect(host=socket_directory, port=port, user="aegis", dbname="aegis", autocommit=True)

    def kill(self) -> None:
        """SIGKILL; `start` starts it again at the same address with the same data."""
        assert self._process
        self._process.kill()
        self._await_end()

    def terminate(self, limit_s: float = 20.0) -> None:
        """SIGTERM, and the end of the process within the limit; `start` starts it again at the same address."""
        assert self._process
        self._process.terminate()
        self._await_end(limit_s)

    def stop(self) -> None:
        """End the process by its id, and remove what it kept."""
        for client in self._clients:
            client.close()
        if self._process:
            try:
                self.terminate()
            except subprocess.TimeoutExpired:
                self.kill()
        if self._server_url:
            with psycopg.connect(self._server_url, autocommit=True) as connection:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self._database))
                )
        shutil.rmtree(self._data_dir, ignore_errors=True)

    def token(self, role: str, domain: str | None = None) -> str:
        """A token of that role, made by the command line once and kept."""
        if (role, domain) not in self._tokens:
            self._tokens[role, domain] = self.new_token(role, domain)
        return self._tokens[role, domain]

    def new_token(self, role: str, domain: str | None = None) -> str:
        """A token that nobody else uses."""
        bound = ["--domain", domain] if domain else []
        return self.manage("create_token", "acceptance", "--role", role, *bound)

    def revoke(self, token: str) -> None:
        """Make a token useless."""
        self.manage("revoke_token", token.split("_")[1])

    def run_in_django(self, program: str) -> None:
        """Do what no interface of the service does, beside it on the same database."""
        self.manage("shell", "--no-imports", "-c", program)

    def manage(self, *arguments: str) -> str:
        """What `manage.py` prints, run beside the service on the same database."""
        with self.command(*arguments) as process:
            stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr.decode()
        return stdout.decode().strip()

    def command(self, *arguments: str, stderr: int = subprocess.PIPE) -> "subprocess.Popen[bytes]":
        """A process of `manage.py`, beside the service on the same database."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=self.project,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def sign_in(self) -> httpx.Client:
        """The browser of the user `operator`, whose paths begin at the service's root; closed with the service."""
        browser = httpx.Client(base_url=self.url, timeout=30)
        self._clients.append(browser)
        browser.get("/sign-in")
        form = {"username": "operator", "password": self.operator_password}
        answer = browser.post("/sign-in", data=form | {"csrfmiddlewaretoken": browser.cookies["csrftoken"]})
        assert answer.status_code == 302
        return browser

    def client(self, token: str | None = None) -> httpx.Client:
        """A client whose paths begin below `/api/v1/admin`; closed with the service."""
        client = httpx.Client(
            base_url=self.url + ADMIN, timeout=30, headers={"Authorization": f"Bearer {token}"} if token else {}
        )
        self._clients.append(client)
        return client

    @property
    def operator_password(self) -> str:
        """The password of the user `operator`, as the first start has printed it."""
        return re.findall(r"'operator' with the password (\S+)", "".join(self.said))[0]  # type: ignore[no-any-return]

    def _await_end(self, limit_s: float = 20.0) -> None:
        assert self._process
        self._process.wait(limit_s)
        self._listener.join(20)
        self._process.stdout.close()  # type: ignore[union-attr]

    def _listen(self, lines: "queue.Queue[str]") -> None:
        assert self._process
        assert self._process.stdout
        with suppress(ValueError):
            for line in self._process.stdout:
                self.said.append(line)
                lines.put(line)
        lines.put("")


class Run:
    """A run under test, and the reporter that counts its events."""

    def __init__(self, client: httpx.Client, domain: str, **start: Any) -> None:
        self.client, self.domain = client, domain
        answer = client.post(f"/domains/{domain}/training-runs", json=start)
        assert answer.status_code == 201, answer.text
        self.started: dict[str, Any] = answer.json()
        self.id: str = self.started["training_run_id"]
        self.number: int = self.started["run_number"]
        self.n = 0

    @property
    def path(self) -> str:
        return f"/training-runs/{self.id}"

    def post(self, *events: dict[str, Any], **batch: Any) -> httpx.Response:
        """Send the events as they are, each with the `n` that it has."""
        return self.client.post(f"{self.path}/events", json={"events": list(events), **batch})

    def send(self, *events: dict[str, Any], **batch: Any) -> dict[str, Any]:
        """Number the events on from the last one; they must all be accepted."""
        numbered = [{"n": self.n + i, **event} for i, event in enumerate(events, 1)]
        receipt = ok(self.post(*numbered, **batch))
        self.n += len(events)
        assert (receipt["accepted"], receipt["duplicates"], receipt["last_n"]) == (len(events), 0, self.n)
        return receipt

    def status(self) -> dict[str, Any]:
        return ok(self.client.get(f"/domains/{self.domain}/training-status", params={"run": self.number}))

    def log(self, **parameters: Any) -> dict[str, Any]:
        return ok(self.client.get(f"/domains/{self.domain}/training-logs", params={"run": self.number, **parameters}))

    def entries(self) -> list[dict[str, Any]]:
        """The first hundred entries, oldest first."""
        return self.log(order="asc", page_size=100)["logs"]  # type: ignore[no-any-return]

    def heartbeat(self) -> dict[str, Any]:
        return ok(self.client.post(f"{self.path}/heartbeat"))

    def cancel(self) -> httpx.Response:
        return self.client.post(f"{self.path}/cancel")


def phase(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "phase", "phase": name, **more}


def progress(fraction: Any, **more: Any) -> dict[str, Any]:
    return {"type": "progress", "fraction": fraction, **more}


def log(message: Any = "a line", level: Any = "INFO", **more: Any) -> dict[str, Any]:
    return {"type": "log", "level": level, "message": message, **more}


def complete(**more: Any) -> dict[str, Any]:
    return {"type": "complete", **more}


def fail(error: Any = "it broke", **more: Any) -> dict[str, Any]:
    return {"type": "fail", "error": error, **more}


def ok(answer: httpx.Response) -> Any:
    """The JSON of a 200."""
    assert answer.status_code == 200, (answer.status_code, answer.text[:2000])
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    return answer.json()


def problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The body of an error, after checking that it is one of `statuses`, has the one shape and tells no secrets."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:2000])
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json", answer.text[:2000]
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys(), body
    for name in ("type", "title", "detail", "code"):
        assert isinstance(body[name], str), body
        assert body[name], body
    assert body["status"] == answer.status_code
    for error in body.get("errors", []):
        assert isinstance(error["field"], str), body
        assert isinstance(error["detail"], str), body
        assert error["detail"], body
    assert not _LEAKS.search(answer.text), answer.text
    assert str(PROJECT) not in answer.text
    return body


def refused(answer: httpx.Response) -> dict[str, Any]:
    """The body of a 422 that names what is wrong field by field."""
    body = problem(answer, 422)
    assert body.get("errors"), body
    return body


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]  # type: ignore[no-any-return]


def new_id() -> str:
    return str(uuid.uuid4())


def now() -> datetime:
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """A time of the service, after checking that it is written as promised: UTC, `Z`, no fraction of zero."""
    assert _UTC_TIME.fullmatch(text), text
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert ("." in text) == bool(moment.microsecond), text
    return moment


def await_until(look: Callable[[], Any], limit_s: float) -> Any:
    """The first true answer of `look`, which must come within the limit."""
    deadline = time.monotonic() + limit_s
    while True:
        if seen := look():
            return seen
        assert time.monotonic() < deadline, f"not within {limit_s} s"
        time.sleep(0.05)


def serve(**settings: str) -> Iterator[Service]:
    """A service with these settings, stopped at the end; it must not have complained."""
    running = Service(**settings)
    try:
        running.start()
        yield running
    finally:
        running.stop()
    assert not running.complaints
