"""Generated clients, each through a whole run: it is created, reported, read, and deleted, with its domain."""

import json
import os
import subprocess
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import missing, path_of
from tests.support.running_service import Service
from tests.support.runs import ENTITY

FOLDER = Path(__file__).resolve().parents[1]
LIMIT_S = 60
METRICS = {"entity_f1": 0.71, "trials": 3, "best": None, "tuned": True, "model": "qwen3:32b"}
SEEN = {
    "changed": [90, None],
    "started": [201, 200, True],
    "last_n": 3,
    "gap": [409, "gap", 4],
    "training": ["training", ENTITY, 27, 7, METRICS],
    "log": [
        [1, "INFO", f"Phase {ENTITY}", ENTITY, None],
        [2, "INFO", "trial 3 of 6", ENTITY, METRICS],
        [3, "WARNING", "slow", None, None],
    ],
    "warnings": 1,
    "text": ["WARNING", "slow"],
    "completed": [
        "completed",
        100,
        "gepa",
        120,
        {"teacher": {"temperature": 0.7}, "seeds": [1, 2], "note": None},
        ["nightly"],
        "kept",
    ],
    "history": [[1, "completed", 0.87]],
    "result": {"prompts": {"entity": "Find the entities."}, "scores": [0.87, None]},
    "exported": 6,
    "deleted": [204, 204],
    "gone": [404, "domain_not_found"],
}

_numbers = count(1)


def told_by(command: list[str | Path], service: Service, domain: str, **environment: str) -> dict[str, Any]:
    """What the program tells; it must end without an error."""
    if not (FOLDER / "build/.built").exists():
        missing("The generated clients are not built: make generated-clients builds them.")
    ended = subprocess.run(
        [*command, domain],
        env={**os.environ, "AEGIS_URL": service.url, "AEGIS_TOKEN": service.token("operator"), **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


@pytest.mark.parametrize("name", ["typescript_fetch", "typescript_axios", "orval", "hey_api"])
def test_typescript(service: Service, name: str) -> None:
    domain = f"generated_{next(_numbers)}"
    told = told_by([path_of("node"), FOLDER / f"build/programs/{name}.mjs"], service, domain)
    assert told == {"created": [domain, "qwen3:32b", None], **SEEN}


@pytest.mark.parametrize("name", ["openapi_generator", "openapi_python_client"])
def test_python(service: Service, name: str) -> None:
    domain = f"generated_{next(_numbers)}"
    folders = os.pathsep.join(str(FOLDER / folder) for folder in ("build", "build/python"))
    program = FOLDER / f"programs/{name}.py"
    told = told_by([FOLDER / ".venv/bin/python", program], service, domain, PYTHONPATH=folders)
    assert told == {"created": [domain, "qwen3:32b", None], **SEEN}
