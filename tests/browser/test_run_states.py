"""States of a run that take silence or a lack of runs: each looks and reads differently."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import violations
from tests.support.domains import create_domain
from tests.support.running_service import Service
from tests.support.runs import Run, log, phase

ENTITY = "entity_extraction_optimization"


@pytest.fixture(scope="module")
def impatient(chromium: Browser) -> Iterator[Service]:
    """A service that calls a run stalled after a second and hanging after three, open to all readers."""
    running = Service(AEGIS_STALL_LIMIT_S="1", AEGIS_HANG_LIMIT_S="3", AEGIS_ANONYMOUS_ROLE="viewer")
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def operator(impatient: Service) -> httpx.Client:
    return impatient.client(impatient.token("operator"))


@pytest.fixture
def show(chromium: Browser, impatient: Service) -> Iterator[Callable[[str], Page]]:
    """Open a path as anybody, who may not cancel."""
    with chromium.new_context() as context:
        context.set_default_timeout(60_000)

        def show_path(path: str) -> Page:
            page = context.new_page()
            page.goto(impatient.url + path)
            return page

        yield show_path


def test_a_domain_that_was_never_trained_says_how_to_begin(operator: httpx.Client, show: Callable[[str], Page]) -> None:
    domain = create_domain(operator)
    page = show(f"/domains/{domain}")
    expect(page.get_by_role("heading", name="No training runs yet")).to_be_visible()
    expect(page.locator("#no-run")).to_contain_text(f'TrainingProgressTracker("{domain}")')
    assert violations(page) == []
    Run(operator, domain).send(phase(ENTITY))
    expect(page.locator("#run-name")).to_have_text("run 1")
    expect(page.get_by_role("heading", name="No training runs yet")).to_be_hidden()


def test_silence_shows_by_itself_and_so_does_its_end(operator: httpx.Client, show: Callable[[str], Page]) -> None:
    run = Run(operator, create_domain(operator))
    run.send(phase(ENTITY))
    page = show(f"/domains/{run.domain}")
    expect(page.locator(".state")).to_have_text("training, stalled")
    expect(page.locator(".state")).to_have_class("state stalled")
    expect(page.locator(".notice")).to_contain_text("No report from the training")
    assert page.get_by_role("button", name="Cancel run…").count() == 0
    run.send(log("here again"))
    expect(page.locator("#log")).to_contain_text("here again")


def test_a_run_cancelled_in_silence_is_cancelled(operator: httpx.Client, show: Callable[[str], Page]) -> None:
    run = Run(operator, create_domain(operator))
    run.send(phase(ENTITY))
    page = show(f"/domains/{run.domain}")
    expect(page.locator(".state")).to_have_text("training, stalled")
    assert run.cancel().status_code == 200
    expect(page.locator(".state")).to_have_text("failed: cancelled")
    expect(page.locator(".notice")).to_have_text("Cancelled in entity extraction optimization.")


@pytest.mark.parametrize("path", ["", "/runs/1"], ids=["domain", "run"])
def test_a_lost_run_says_that_it_may_come_back(
    impatient: Service, operator: httpx.Client, show: Callable[[str], Page], path: str
) -> None:
    run = Run(operator, create_domain(operator))
    run.send(phase(ENTITY))
    impatient.run_in_django(
        "from training_status.models import TrainingRun\n"
        f"run = TrainingRun.objects.filter(public_id='{run.id}')\n"
        "run.update(state='failed', failure_reason='lost', ended_at=run.get().last_report_at)"
    )
    page = show(f"/domains/{run.domain}{path}")
    expect(page.locator(".state")).to_have_class("state lost")
    expect(page.locator(".notice")).to_contain_text("The run resumes if it reports again")
    expect(page.locator("#connection")).to_have_text("finished" if path else "live")
    run.heartbeat()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # looked at again: no need to wait
    expect(page.locator(".state")).to_have_text(re.compile("^training"))


def test_a_hanging_run_is_alive(operator: httpx.Client, show: Callable[[str], Page]) -> None:
    run = Run(operator, create_domain(operator))
    run.send(phase(ENTITY))
    page = show(f"/domains/{run.domain}")
    for _ in range(120):
        run.heartbeat()
        if page.locator(".state").get_attribute("class") == "state hanging":
            break
        page.wait_for_timeout(250)
    expect(page.locator(".notice")).to_contain_text("has reported no progress for a long time")
