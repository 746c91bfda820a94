"""A PostgreSQL of a test's own, which it can stop and start, and look into."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg

from tests.support.migrated_cluster import Credentials, copy_migrated_cluster
from tests.support.project import PROJECT
from tests.support.running_service import Service, await_until

LIMIT_S = 60


class Database:
    """A PostgreSQL that a test stops and starts; the service knows it by DATABASE_URL."""

    PROGRAM = (
        "import json, sys, pathlib; from aegis_training.embedded_postgres import ensure_server;"
        "print(json.dumps(ensure_server(pathlib.Path(sys.argv[1]))), flush=True); sys.stdin.read()"
    )

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.url = ""
        self.credentials = Credentials({}, "")

    def start(self) -> None:
        """Return when it accepts connections. A new one has the service's tables."""
        if not self._data_dir.exists():
            self.credentials = copy_migrated_cluster(self._data_dir)
        self._user = subprocess.Popen(
            [sys.executable, "-c", self.PROGRAM, self._data_dir],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._user.stdout
        address = httpx.Response(200, text=self._user.stdout.readline()).json()
        self.url = (
            f"postgresql://{address['user']}@/{address['dbname']}?host={quote(address['host'])}&port={address['port']}"
        )

    @property
    def postmaster(self) -> int:
        """The first process of the server."""
        return int(self._pid_file.read_text().split()[0])

    @property
    def socket(self) -> Path:
        """The server's socket."""
        port, folder = self._pid_file.read_text().splitlines()[3:5]
        return Path(folder, f".s.PGSQL.{port}")

    def connect(self) -> "psycopg.Connection[Any]":
        """A connection in autocommit."""
        return psycopg.connect(self.url, autocommit=True)

    def waiting_queries(self) -> int:
        """How many queries wait for a lock."""
        return int(self.query("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0])

    def longest_wait_s(self) -> float:
        """For how long a query has waited for a lock."""
        return float(
            self.query(
                "SELECT coalesce(extract(epoch FROM now() - min(waitstart)), 0) FROM pg_locks WHERE NOT granted"
            )[0][0]
        )

    @contextmanager
    def full_of_connections(self) -> Iterator[None]:
        """Nobody else can connect, as there are as many connections as the server takes."""
        with ExitStack() as connections:
            own = connections.enter_context(self.connect())
            with suppress(psycopg.OperationalError):
                while True:
                    self._cut_others(own)
                    for _ in range(10):
                        connections.enter_context(self.connect()).execute("SET application_name = 'full'")
            yield

    @contextmanager
    def wanting_password(self) -> Iterator[None]:
        """It lets nobody in without a password."""
        rules = self._data_dir / "cluster" / "pg_hba.conf"
        before = rules.read_text()
        with self.connect() as own:
            rules.write_text("local all all scram-sha-256\n")
            own.execute("SELECT pg_reload_conf()")
            await_until(lambda: not self._can_connect(), LIMIT_S)
            self._cut_others(own)
            yield
            rules.write_text(before)
            own.execute("SELECT pg_reload_conf()")

    @contextmanager
    def letting_nobody_in(self) -> Iterator[None]:
        """The database takes no connections."""
        with psycopg.connect(self.url.replace("/aegis?", "/postgres?"), autocommit=True) as own:
            own.execute("ALTER DATABASE aegis ALLOW_CONNECTIONS false")
            self._cut_others(own)
            yield
            own.execute("ALTER DATABASE aegis ALLOW_CONNECTIONS true")

    @contextmanager
    def shutting_down(self) -> Iterator[None]:
        """The server waits for a last connection to end, and is then started again."""
        with self.connect() as own:
            own.execute("SET application_name = 'full'")
            ending = self.postmaster
            os.kill(ending, signal.SIGTERM)
            await_until(lambda: not self._can_connect(), LIMIT_S)
            self._cut_others(own)
            yield

    def _can_connect(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _cut_others(self, own: "psycopg.Connection[Any]") -> None:
        own.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name <> 'full'"
        )

    @property
    def _pid_file(self) -> Path:
        return self._data_dir / "cluster" / "postmaster.pid"

    def stop(self) -> None:
        """Return when the server has stopped: it does so after the last of its users."""
        self._user.communicate(timeout=LIMIT_S)
        await_until(lambda: not self._pid_file.exists(), LIMIT_S)

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows, asked for over a connection of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement, parameters).fetchall()

    def forget_entries(self, run_id: str, up_to: int) -> None:
        """Remove a run's oldest entries, all of level INFO, as retention does."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "UPDATE training_status_trainingrun SET first_seq = %s + 1, info_count = info_count - %s"
                " WHERE public_id = %s RETURNING id",
                (up_to, up_to, run_id),
            ).fetchone()
            assert row
            connection.execute(
                "DELETE FROM training_status_traininglogentry WHERE run_id = %s AND seq <= %s", (row[0], up_to)
            )

    @contextmanager
    def served(self, *arguments: str, user: str = "aegis", **settings: str) -> Iterator[Service]:
        """A service on this database, which it uses as this user; the arguments are those of `serve`."""
        service = Service(**settings)
        service.arguments += arguments
        service.use_database(self.url.replace("//aegis@", f"//{user}@"), self.credentials)
        try:
            service.start()
            yield service
        finally:
            service.stop()
