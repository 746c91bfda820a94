"""What becomes of a query that is given up, and what counts as an answer of the server."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aegis_training.postgresql import time_limits
from aegis_training.postgresql.connection import PatientConnection
from aegis_training.postgresql.reachability import Reachability
from tests.support.own_database import Database
from tests.support.running_service import await_until

LIMIT_S = 30.0
ACTIVE = "SELECT query FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    running = Database(tmp_path_factory.mktemp("patient") / "postgres")
    running.start()
    yield running
    running.stop()


def test_a_query_that_is_given_up_is_cancelled(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It neither goes on nor is it committed later, when nobody expects that any more."""
    monkeypatch.setattr(time_limits, "_patience", replace(time_limits.OF_REQUESTS, ask_after_s=0.1, query_s=0.1))
    with database.connect() as other:
        other.execute("CREATE TABLE given_up (a int); INSERT INTO given_up VALUES (0)")
    with closing(PatientConnection.connect(database.url, autocommit=True)) as connection:
        connection.reachability = Reachability(database.connect)
        with pytest.raises(psycopg.OperationalError, match="a query has taken more than"):
            connection.execute("UPDATE given_up SET a = 1 FROM pg_sleep(3600)")
    await_until(lambda: not any("given_up" in query for (query,) in database.query(ACTIVE)), LIMIT_S)
    assert database.query("SELECT a FROM given_up") == [(0,)]


def test_a_large_statement_is_sent_on_after_the_server_has_paused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection asks whether the server answers others while only a part of the statement is sent."""
    monkeypatch.setattr(time_limits, "_patience", replace(time_limits.OF_REQUESTS, ask_after_s=0.1))
    text = "x" * 20_000_000
    with closing(PatientConnection.connect(database.url, autocommit=True)) as connection:
        backend = connection.info.backend_pid

        def go_on_and_answer() -> "psycopg.Connection[Any]":
            os.kill(backend, signal.SIGCONT)
            return database.connect()

        connection.reachability = Reachability(go_on_and_answer)
        os.kill(backend, signal.SIGSTOP)
        assert connection.execute("SELECT length(%s)", [text]).fetchone() == (len(text),)


@pytest.mark.parametrize("severity", ["FATAL", "ВАЖНО"])
def test_a_refusal_is_an_answer_in_any_language(severity: str) -> None:
    fields = f"S{severity}\0VFATAL\0C53300\0Mtoo many clients\0\0".encode()
    refusal = b"E" + (len(fields) + 4).to_bytes(4, "big") + fields
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            client, _ = server.accept()
            with client:
                client.recv(1000)
                client.sendall(refusal)

        threading.Thread(target=refuse, daemon=True).start()
        port = server.getsockname()[1]
        options = "sslmode=disable gssencmode=disable"
        reachability = Reachability(lambda: psycopg.connect(f"host=127.0.0.1 port={port} {options}"))
        assert reachability.is_answering(LIMIT_S)


def test_that_nobody_listens_is_no_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for address in (f"host=127.0.0.1 port={port}", f"host={tmp_path}", "host=name.invalid"):
        assert not Reachability(lambda address=address: psycopg.connect(address)).is_answering(LIMIT_S)
