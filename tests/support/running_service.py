"""A real service process.

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
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from psycopg import sql

from tests.support.migrated_cluster import FIRST_OPERATOR, Credentials, copy_migrated_cluster
from tests.support.plain_http import NO_CERTIFICATES
from tests.support.project import PROJECT, STATIC_DIR

ADMIN = "/api/v1/admin"
START_LIMIT_S = 60.0


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
                "AEGIS_STATIC_DIR": str(STATIC_DIR),
                "AEGIS_STREAM_HOLD_S": "0.1",  # tests read streams to their end
                "PYTHONUNBUFFERED": "1",
            }
            | settings
        )
        self._tokens: dict[tuple[str, str | None], str] = {}
        self._operator_password = ""
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
            self._know(copy_migrated_cluster(cluster))
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

    def use_database(self, url: str, credentials: Credentials) -> None:
        """Serve from this database, which is somebody else's to make and to remove. Call it before `start`."""
        self._server_url = None
        self._environment["DATABASE_URL"] = url
        self._know(credentials)

    @property
    def data_dir(self) -> Path:
        """The service's data folder."""
        return Path(self._data_dir)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

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
        """A token of that role, the same at each call."""
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
        browser = httpx.Client(base_url=self.url, timeout=30, verify=NO_CERTIFICATES)
        self._clients.append(browser)
        browser.get("/sign-in")
        form = {"username": "operator", "password": self.operator_password}
        answer = browser.post("/sign-in", data=form | {"csrfmiddlewaretoken": browser.cookies["csrftoken"]})
        assert answer.status_code == 302
        return browser

    @cached_property
    def cookies_of_operator(self) -> httpx.Cookies:
        """The session of the user `operator`, which stays the same."""
        return self.sign_in().cookies

    def client(self, token: str | None = None) -> httpx.Client:
        """A client whose paths begin below `/api/v1/admin`; closed with the service."""
        client = httpx.Client(
            base_url=self.url + ADMIN,
            timeout=30,
            verify=NO_CERTIFICATES,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        self._clients.append(client)
        return client

    @property
    def operator_password(self) -> str:
        """The password of the user `operator`: the one that this service has printed, if the operator is new."""
        printed = FIRST_OPERATOR.search("".join(self.said))
        return printed[1] if printed else self._operator_password

    def _know(self, credentials: Credentials) -> None:
        self._tokens |= {(role, None): token for role, token in credentials.tokens.items()}
        self._operator_password = credentials.operator_password

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


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]  # type: ignore[no-any-return]


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
