"""The list of phases is written once: with an eighth phase the service, its forecast and its pages go on working."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.support.answers import ok
from tests.support.changed_project import ChangedProject
from tests.support.domains import create_domain
from tests.support.running_service import Service
from tests.support.runs import PHASES, Run, complete, phase, progress

LAST = 'Phase("saving_results", 95.0, 100.0)'
NEW = 'Phase("packaging", 95.0, 98.0), Phase("saving_results", 98.0, 100.0)'
NAMES = [*list(PHASES)[:-1], "packaging", "saving_results"]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = ChangedProject(tmp_path_factory.mktemp("eight"))
    project.replace("training_status/phases.py", LAST, NEW)
    project.make_migration()
    return project.folder


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service(AEGIS_ANONYMOUS_ROLE="viewer")
    try:
        running.start()
        yield running
    finally:
        running.stop()


def run_through(run: Run, names: list[str]) -> None:
    for name in names:
        run.send(phase(name), progress(0.5))
    run.send(complete(metrics={"f1": 0.9}))


def read(client: httpx.Client, path: str) -> Any:
    return ok(client.get(f"/{path}"))


def test_an_eighth_phase(service: Service, changed: Path, chromium: Browser) -> None:
    operator = service.client(service.token("operator"))
    domain = create_domain(operator)
    for _ in range(3):
        run_through(Run(operator, domain), list(PHASES))
    active = Run(operator, domain)
    active.send(phase("loading_data"), progress(0.5), phase("entity_extraction_optimization"), progress(0.5))

    service.terminate()
    service.project = changed
    service.start()

    active.send(progress(0.7))
    status = active.status()
    assert [step["name"] for step in status["steps"]] == NAMES
    assert [step["share"] for step in status["steps"]] == [5, 5, 35, 35, 5, 10, 3, 2]
    assert status["progress"] == 34
    assert status["forecast"] is not None
    run_through(active, NAMES[3:])
    assert active.status()["status"] == "completed"
    later = Run(operator, domain)
    run_through(later, NAMES)
    for number in range(1, 6):
        found = read(operator, f"domains/{domain}/training-runs/{number}")
        assert [step["status"] for step in found["steps"]] == ["completed"] * 8
    assert len(read(operator, f"domains/{domain}/training-history")["training_runs"]) == 5
    compared = read(operator, f"domains/{domain}/training-comparison?run=1&run=5")
    assert [one["phase"] for one in compared["phases"]] == NAMES
    live = Run(operator, domain)
    live.send(phase("packaging"), progress(0.5))

    with chromium.new_context(base_url=service.url) as context:
        page = context.new_page()
        page.goto(f"/domains/{domain}")
        bar = page.get_by_role("progressbar", name="Progress of the run")
        expect(bar.locator("progress")).to_have_count(8)
        widths = bar.locator("progress").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
        assert widths[2] > 10 * widths[6] > 10 * widths[7] > 0
        page.goto("/")
        row = page.get_by_role("progressbar", name=f"Progress of {domain}")
        widths = row.locator("progress").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
        assert len(widths) == 8
        assert widths[2] > 5 * widths[6] > 5 * widths[7] > 0
    assert service.complaints == []
