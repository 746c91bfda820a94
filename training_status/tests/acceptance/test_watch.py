"""`aegis-tracker watch` against the real service."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from training_status.tests.acceptance.running_service import PROJECT, Run, Service, complete, fail, phase, progress

LIMIT_S = 60
Watch = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def watch(service: Service) -> Watch:
    """Start to watch a domain, in a process of its own whose output is a pipe."""

    def start(domain: str, token: str | None = None) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "aegis_tracker", "watch", domain, "--url", service.url],
            cwd=PROJECT,
            env={**os.environ, "AEGIS_TOKEN": token or service.token("viewer"), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.parametrize(("end", "words", "status"), [(complete(), "completed", 0), (fail("no memory"), "failed", 1)])
def test_it_follows_a_run_to_its_end(
    watch: Watch, run: Run, domain: str, end: dict[str, Any], words: str, status: int
) -> None:
    run.send(phase("entity_extraction_optimization"), progress(0.5, message="trial 5 of 10"))
    with watch(domain) as watching:
        assert watching.stdout
        first = watching.stdout.readline()
        assert "training  27 %" in first
        assert "entity extraction optimization  trial 5 of 10" in first
        run.send(progress(0.8, message="trial 8 of 10"), end)
        assert words in watching.stdout.read()
        assert watching.wait(LIMIT_S) == status


def test_it_waits_for_the_first_run(watch: Watch, operator: httpx.Client, domain: str) -> None:
    with watch(domain) as watching:
        assert watching.stdout
        assert "waiting" in watching.stdout.readline()
        Run(operator, domain).send(complete())
        assert "completed  100 %" in watching.stdout.read()
        assert watching.wait(LIMIT_S) == 0


def test_a_refusal_is_said(watch: Watch, domain: str) -> None:
    with watch(domain, token="wrong") as watching:
        _, said = watching.communicate(timeout=LIMIT_S)
    assert watching.returncode == 2
    assert "no valid token" in said
