"""The REST API of `manage.py serve` beside the same code under pure WSGI servers: requests a second.

Each server is one process on the same core, with the same number of threads; the load and the database
are on the others. The servers take turns in short samples; the ratio is the median of the rounds' ratios.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent))

from http_load import Caller, sample
from served_project import Serving, serve_command, serving, use_own_database
from table import report

ADMIN = "/api/v1/admin"
THREADS = 8
CONNECTIONS = (8, 32)
ROUNDS = 30
SECONDS = 0.5
TARGET = 0.85
OURS = "manage.py serve"
APPLICATION = "aegis_training.wsgi:application"


def granian_command(port: int) -> list[str]:
    """One worker of granian, speaking WSGI."""
    options = f"--interface wsgi --workers 1 --blocking-threads {THREADS} --log-level error --host 127.0.0.1"
    return [sys.executable, "-m", "granian", *options.split(), "--port", str(port), APPLICATION]


def gunicorn_command(port: int) -> list[str]:
    """One worker of gunicorn with threads."""
    options = f"--worker-class gthread --workers 1 --threads {THREADS} --keep-alive 60 --log-level error"
    return [sys.executable, "-m", "gunicorn", *options.split(), "--bind", f"127.0.0.1:{port}", APPLICATION]


COMMANDS = {OURS: serve_command, "granian": granian_command, "gunicorn": gunicorn_command}


class Reader:
    """Reads the same path again and again."""

    def __init__(self, path: str, token: str, expected: bytes) -> None:
        head = f"GET {ADMIN}{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._request, self._expected = head.encode(), expected

    def request(self) -> bytes:
        return self._request

    def is_right(self, body: bytes) -> bool:
        return self._expected in body


class Reporter:
    """Posts one event after the other to a run of its own."""

    def __init__(self, run_id: str, token: str) -> None:
        self._head = (
            f"POST {ADMIN}/training-runs/{run_id}/events HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: "
        )
        self._numbers = count(1)
        self._expected = b""

    def request(self) -> bytes:
        n = next(self._numbers)
        self._expected = f'"accepted":1,"duplicates":0,"last_n":{n},'.encode()
        body = f'{{"events":[{{"n":{n},"type":"log","level":"INFO","message":"trial {n} of many: F1 0.71"}}]}}'
        return f"{self._head}{len(body)}\r\n\r\n{body}".encode()

    def is_right(self, body: bytes) -> bool:
        return self._expected in body


def make_requests() -> dict[str, list[Caller]]:
    """The kinds of requests, each with as many callers as there are connections at most."""
    from tests.support.factories import DomainFactory, TrainingRunFactory
    from training_status.access.tokens import create_token
    from training_status.ingest.batch import Batch, LogEvent
    from training_status.ingest.events import record_events

    _, token = create_token("benchmark", "reporter")
    domain = DomainFactory(name="medical")
    watched = TrainingRunFactory(domain=domain, run_number=1, running=True)
    lines = [LogEvent(n=n, level="INFO", message=f"trial {n} of 200: entity F1 0.71") for n in range(1, 201)]
    record_events(watched.public_id, Batch(events=list(lines)))
    reported = DomainFactory(name="reported")
    most = max(CONNECTIONS)
    runs = [TrainingRunFactory(domain=reported, run_number=n, public_id=uuid4()) for n in range(1, most + 1)]
    status = Reader("/domains/medical/training-status", token, b'"status":"training"')
    page = Reader("/domains/medical/training-logs?page=1&page_size=20", token, b'"total_logs":200')
    return {
        "training status": [status] * most,
        "log page of 20": [page] * most,
        "post of one event": [Reporter(str(run.public_id), token) for run in runs],
    }


class Measured(NamedTuple):
    """A server's medians; `ratio` is how many times as many requests the service answered in the same round."""

    per_second: float
    cpu_ms: float
    ratio: float


def measure(servers: dict[str, Serving], callers: Sequence[Caller]) -> dict[str, Measured]:
    """Load the servers in turn, round after round. Within a round the machine is what it is for all of them."""
    rates: dict[str, list[float]] = {name: [] for name in servers}
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(ROUNDS):
        for name in sorted(servers, reverse=number % 2 == 1):
            used = servers[name].cpu_seconds()
            taken = sample(servers[name].port, callers, SECONDS)
            rates[name].append(taken.per_second)
            costs[name].append((servers[name].cpu_seconds() - used) / taken.answers * 1000)
    return {
        name: Measured(
            statistics.median(rates[name]),
            statistics.median(costs[name]),
            statistics.median(ours / theirs for ours, theirs in zip(rates[OURS], rates[name], strict=True)),
        )
        for name in servers
    }


def main() -> None:
    """All kinds of requests over few and many connections, on all servers."""
    requests = make_requests()
    rows, lowest = [], float("inf")
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(command)) for name, command in COMMANDS.items()}
        for what, callers in requests.items():
            for connections in CONNECTIONS:
                for name, measured in measure(servers, callers[:connections]).items():
                    lowest = min(lowest, measured.ratio)
                    ratio = f"{measured.ratio:.2f}" if name != OURS else ""
                    rate, cost = f"{measured.per_second:,.0f}", f"{measured.cpu_ms:.2f}"
                    rows.append((what, connections, name, rate, cost, ratio))
    head = ("request", "connections", "server", "requests a second", "CPU ms each", "ours to it")
    title = f"The REST API on one core, beside pure WSGI servers ({THREADS} threads each)"
    verdict = f"at least {TARGET} of each pure WSGI server: {'yes' if lowest >= TARGET else 'NO'} ({lowest:.2f})"
    report("rest_servers", title, head, rows, verdict)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as data_dir:
        use_own_database(data_dir, AEGIS_THREADS=str(THREADS))
        main()
