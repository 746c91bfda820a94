"""The examples of `clients/typescript/README.md`: they compile, and do what the text beside them says."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from tests.support.programs import path_of
from tests.support.project import PROJECT
from tests.support.running_service import Service
from tests.support.runs import ENTITY, Run, complete, log, phase, progress
from tests.support.typescript_client import LIMIT_S, PACKAGE, built_package

FIRST, *OTHERS = re.findall(r"^```ts\n(.*?)^```", (PACKAGE / "README.md").read_text(), re.DOTALL | re.MULTILINE)
MARKS = {
    "watch a run": "watch.lastEventId",
    "read logs and runs": "client.logs",
    "the client for everything else": "client.api",
    "give up": "AbortController",
}


class Examples(NamedTuple):
    """The compiled examples, and how to run them."""

    folder: Path
    environment: dict[str, str]

    def run(self, name: str) -> list[str]:
        """The lines that the example prints after those of the first one, which each begins with."""
        ran = subprocess.run(
            [path_of("node"), self.folder / f"{name}.js"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        first, *lines = ran.stdout.splitlines()
        assert first == "100 %, saving_results, null"
        return lines


@pytest.fixture(scope="module")
def trained() -> Iterator[tuple[Service, Run]]:
    """A service with the domain that the examples name, and a finished run of it."""
    service = Service()
    try:
        service.start()
        operator = service.client(service.token("operator"))
        operator.post("/domains", json={"name": "medical", "description": "A domain under test"}).raise_for_status()
        run = Run(operator, "medical")
        run.send(
            phase(ENTITY),
            log("the model was slow", "WARNING", timestamp="2026-01-20T15:05:00Z"),
            progress(0.5, message="half", metrics={"entity_f1": 0.8}),
            complete(metrics={"entity_f1": 0.87}, result={"prompts": 2}),
        )
        yield service, run
    finally:
        service.stop()


@pytest.fixture(scope="module")
def examples(trained: tuple[Service, Run]) -> Iterator[Examples]:
    """All examples, compiled as strictly as the package, each with the first one before it."""
    path_of("node")
    service, _ = trained
    with TemporaryDirectory(dir=built_package() / "build", prefix="readme-") as folder:
        (Path(folder) / "begin.ts").write_text(FIRST)
        for name, mark in MARKS.items():
            (example,) = (code for code in OTHERS if mark in code)
            (Path(folder) / f"{name}.ts").write_text(f"{FIRST}\n{{\n{example}}}\n")
        options = (
            '{"extends": "../../tsconfig.json", "compilerOptions": '
            '{"rootDir": ".", "outDir": ".", "declaration": false, "types": ["node"], "noUnusedLocals": false}, '
            '"include": ["."], "exclude": []}'
        )
        (Path(folder) / "tsconfig.json").write_text(options)
        compiled = subprocess.run(
            [path_of("node"), PROJECT / "node_modules/typescript/bin/tsc", "--project", folder],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert compiled.stdout == ""
        environment = {**os.environ, "AEGIS_URL": service.url, "AEGIS_TOKEN": service.token("viewer")}
        yield Examples(Path(folder), environment)


def test_every_example_is_here() -> None:
    assert len(OTHERS) == len(MARKS)


def test_begin(examples: Examples) -> None:
    assert examples.run("begin") == []


def test_watch(examples: Examples, trained: tuple[Service, Run]) -> None:
    _, run = trained
    lines = examples.run("watch a run")
    assert lines[:2] == ["connecting ", "open "]
    assert "2 WARNING the model was slow" in lines
    assert lines[-3:] == ["completed 100", "connecting ", f"ended at {run.number}.end"]


def test_read(examples: Examples, trained: tuple[Service, Run]) -> None:
    _, run = trained
    assert examples.run("read logs and runs") == [
        "2 2026-01-20T15:05:00Z the model was slow",
        f"{run.number} {{ entity_f1: 0.87 }} {{ prompts: 2 }}",
    ]


def test_everything_else(examples: Examples) -> None:
    assert examples.run("the client for everything else") == ["entity_f1 1"]


def test_give_up(examples: Examples) -> None:
    *events, last = examples.run("give up")
    assert len(events) == 1
    assert last == "aborted: true"
