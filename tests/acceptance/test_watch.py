"""`aegis-tracker watch` against the real service."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.domains import create_domain
from tests.support.project import PROJECT
from tests.support.running_service import Service
from tests.support.runs import Run, complete, fail, phase, progress

LIMIT_S = 60
Watch = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def watch(service: Service) -> Watch:
    """Start to watch a domain of `service`."""

    def start(domain: str, token: str | None = None) -> "subprocess.Popen[str]":
        return watching(service, domain, token or service.token("viewer"))

    return start


def watching(service: Service, domain: str, token: str) -> "subprocess.Popen[str]":
    """A watch in a process of its own whose output is a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "aegis_tracker", "watch", domain, "--url", service.url],
        cwd=PROJECT,
        env={**os.environ, "AEGIS_TOKEN": token, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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


def test_a_domain_that_is_not_there_yet_is_waited_for(watch: Watch, operator: httpx.Client) -> None:
    with watch("founded_later") as watched:
        assert watched.stdout
        assert watched.stdout.readline() == "waiting: No training log found for domain 'founded_later'\n"
        operator.post("/domains", json={"name": "founded_later", "description": "A domain under test"})
        Run(operator, "founded_later").send(complete())
        assert "completed  100 %" in watched.stdout.read()
        assert watched.wait(LIMIT_S) == 0


def test_it_stays_with_its_run_when_another_starts_meanwhile(
    watch: Watch, operator: httpx.Client, run: Run, domain: str
) -> None:
    """Its exit status is of the run that it has shown: somebody may act on it."""
    run.send(phase("entity_extraction_optimization"), progress(0.5, message="trial 5 of 10"))
    with watch(domain) as watched:
        assert watched.stdout
        assert "trial 5 of 10" in watched.stdout.readline()
        later = Run(operator, domain)
        later.send(phase("loading_data"), progress(0.5, message="of the later run"), fail("no memory"))
        run.send(complete())
        told = watched.stdout.read()
        assert "completed  100 %" in told
        assert "of the later run" not in told
        assert watched.wait(LIMIT_S) == 0


def test_it_goes_on_across_a_restart(own_service: Service) -> None:
    """From before the service is there, through its restart, to the run's end."""
    token = own_service.token("operator")
    run = Run(own_service.client(token), create_domain(own_service.client(token)))
    run.send(progress(0.5, message="trial 5"))
    own_service.terminate()
    with watching(own_service, run.domain, token) as watched:
        assert watched.stdout
        assert "reconnecting: " in watched.stdout.readline()
        own_service.start()
        assert any("trial 5" in line for line in watched.stdout)
        own_service.kill()
        assert any("last update" in line and "reconnecting: " in line for line in watched.stdout)
        own_service.start()
        run.send(progress(0.6, message="trial 6"), complete())
        assert "completed  100 %" in watched.stdout.read().splitlines()[-1]
        assert watched.wait(LIMIT_S) == 0
