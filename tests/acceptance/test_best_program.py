"""`aegis-tracker best-program`, and the Python client's candidates, against the real service."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aegis_tracker import Client, ServiceError

from tests.support.optimizer_events import candidate, evaluation, usage, used
from tests.support.project import PROJECT
from tests.support.running_service import Service
from tests.support.runs import ENTITY, Run, fail, phase

STATE = {"p": {"demos": [{"text": "é\u2028"}], "signature": {"instructions": "Find."}}, "metadata": {}}


@pytest.fixture
def command(service: Service) -> Callable[..., subprocess.CompletedProcess[str]]:
    environment = {"AEGIS_URL": service.url, "AEGIS_TOKEN": service.token("viewer"), "PATH": "/usr/bin:/bin"}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = str(PROJECT / ".venv" / "bin" / "aegis-tracker")
        return subprocess.run(
            [program, "best-program", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Client(service.url, token=service.token("viewer")) as reading:
        yield reading


def test_it_saves_the_best_program_of_a_run_that_failed(
    command: Callable[..., Any], start: Callable[..., Run], tmp_path: Path
) -> None:
    first = start()
    first.send(candidate("old", state={"of": "old"}), evaluation("old"), fail())
    run = start()
    run.send(
        phase(ENTITY), candidate(state=STATE), candidate("2", state={}), evaluation("1", 0.75), evaluation("2", 0.5)
    )
    run.send(evaluation("2", 0.9, metric="relation_f1"), fail("killed", reason="lost"))
    file = tmp_path / "program.json"
    done = command(run.domain, "-o", str(file), "--metric", "entity_f1")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert json.loads(file.read_text()) == STATE
    expected = f"Run 2 of {run.domain} (failed): candidate 1, entity_f1 0.75 on 10 examples (development)\n"
    assert done.stderr == expected
    assert json.loads(command(run.domain, "--run", "1").stdout) == {"of": "old"}
    assert json.loads(command(run.domain).stdout) == {}
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("arguments", "exit_status", "sentence"),
    [
        (["nobody"], 2, "No training log found for domain 'nobody'"),
        (["{domain}"], 2, "was reported with its program"),
        (["{domain}", "--run", "7"], 2, "There is no run 7"),
        (["{domain}", "--run", "x"], 2, "x is not the number of a run."),
    ],
)
def test_what_it_refuses(
    command: Callable[..., Any], run: Run, arguments: list[str], exit_status: int, sentence: str
) -> None:
    done = command(*[argument.replace("{domain}", run.domain) for argument in arguments])
    assert (done.returncode, done.stdout) == (exit_status, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_cannot_be_written(command: Callable[..., Any], run: Run, tmp_path: Path) -> None:
    run.send(candidate(state=STATE))
    done = command(run.domain, "-o", str(tmp_path / "missing" / "program.json"))
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_client_reads_all_of_it(client: Client, run: Run) -> None:
    names = [str(number) for number in range(130)]
    run.send(*[candidate(name, state=STATE, origin="proposed") for name in names])
    run.send(*[evaluation(name, int(name) / 200) for name in names], usage(used("a", 3, role="student")))
    assert [one["candidate"] for one in client.candidates(run.id)] == names[::-1]
    assert [one["candidate"] for one in client.candidates(run.id, order="time")] == names[::-1]
    assert [one["number"] for one in client.evaluations(run.id)] == list(range(1, 131))
    assert [one["number"] for one in client.evaluations(run.id, after=128, split="development")] == [129, 130]
    one = client.candidate(run.id, "7")
    assert (one["score"], one["state"], one["evaluations"][0]["score"]) == (7 / 200, STATE, 7 / 200)
    assert client.best_program(run.id) == STATE
    used_by_run = client.usage(run.id)
    assert (used_by_run["total"]["calls"], used_by_run["items"][0]["role"]) == (3, "student")
    with pytest.raises(ServiceError) as refused:
        client.candidate(run.id, "nobody")
    assert refused.value.code == "candidate_not_found"
