"""The examples of `docs/streaming.md` for curl and Python, as somebody would copy them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documented_examples import example
from tests.support.programs import path_of
from tests.support.running_service import Service
from tests.support.runs import Run, complete, log

LIMIT_S = 60


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service that may be stopped, with the domain that the examples name."""
    running = Service()
    try:
        running.start()
        operator = running.client(running.token("operator"))
        operator.post("/domains", json={"name": "medical", "description": "A domain under test"}).raise_for_status()
        yield running
    finally:
        running.stop()


@pytest.fixture
def run(service: Service) -> Run:
    return Run(service.client(service.token("operator")), "medical")


@pytest.fixture
def environment(service: Service) -> dict[str, str]:
    return {**os.environ, "AEGIS_URL": service.url, "AEGIS_TOKEN": service.token("viewer"), "PYTHONWARNINGS": "error"}


def test_curl(environment: dict[str, str], run: Run) -> None:
    path_of("curl")
    with subprocess.Popen(
        ["sh", "-c", f"exec {example('sh', 'curl -N')}"], env=environment, stdout=subprocess.PIPE, text=True
    ) as curl:
        assert curl.stdout
        for seq in (1, 2):
            run.send(log(f"line {seq}"))
            for line in curl.stdout:
                if f"line {seq}" in line:
                    break
        curl.terminate()


def test_curl_gets_a_ticket(service: Service, environment: dict[str, str], run: Run) -> None:
    path_of("curl")
    run.send(complete())
    made = subprocess.run(
        ["sh", "-c", example("sh", "stream-tickets")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    ticket = json.loads(made.stdout)["ticket"]
    parameters = {"ticket": ticket, "training_run_id": run.id}
    answer = service.client().get("/domains/medical/training-stream", params=parameters, timeout=LIMIT_S)
    assert answer.status_code == 200


python_examples = pytest.mark.parametrize("having", ["websockets", "client.watch"])


@python_examples
def test_python(service: Service, environment: dict[str, str], run: Run, tmp_path: Path, having: str) -> None:
    """It prints each entry once, also those that came while it could not hear."""
    program = tmp_path / "follow.py"
    program.write_text(example("python", having))
    command = [sys.executable, program, "medical", run.id]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout
        run.send(log("line 1"))
        assert following.stdout.readline() == "1 line 1\n"
        service.terminate()
        service.start()
        run.send(log("line 2"))
        assert following.stdout.readline() == "2 line 2\n"
        run.send(log("line 3"), complete())
        assert following.stdout.read() == "3 line 3\n"
        assert following.wait(LIMIT_S) == 0


@python_examples
def test_python_ends_when_it_is_refused(environment: dict[str, str], run: Run, tmp_path: Path, having: str) -> None:
    program = tmp_path / "follow.py"
    program.write_text(example("python", having))
    ended = subprocess.run(
        [sys.executable, program, "medical", run.id],
        env={**environment, "AEGIS_TOKEN": "aegis_wrong"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert {"websockets": "HTTP 401", "client.watch": "no valid token"}[having] in ended.stderr


def test_the_envelope(service: Service, run: Run) -> None:
    documented = json.loads(example("json", "event_type"))
    run.send(log("a line"), complete())
    client = service.client(service.token("viewer"))
    text = client.get("/domains/medical/training-stream", params={"training_run_id": run.id}, timeout=LIMIT_S).text
    envelopes = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]
    entry = next(envelope for envelope in envelopes if envelope["event_type"] == "log")
    assert documented.keys() == entry.keys()
    assert documented["data"].keys() == entry["data"].keys()
