"""The admin in a browser: whether everybody can use it, and a run's way from the list to its end."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.pages import widest_overflow
from tests.support.running_service import Service
from tests.support.runs import ENTITY, Run, log, phase, progress

NewPage = Callable[[str], Page]
POLICY = "Content Security Policy"
LISTED = "/admin/training_status/trainingrun/"


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    """With no other runs in its lists than these tests make."""
    return own_service


@pytest.fixture
def reported(run: Run) -> Run:
    """A run that has told something of everything."""
    run.send(phase(ENTITY), progress(0.5, metrics={"entity_f1": 0.7}), log("slow", "WARNING"), log("bad", "ERROR"))
    return run


def page_of(service: Service, new_page: NewPage, run: Run) -> Page:
    """The run's page, by way of the list."""
    page = new_page(f"{service.url}{LISTED}?of_domain={run.domain}")
    page.get_by_role("link", name=f"{run.domain} #{run.number}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{run.domain} #{run.number}")
    return page


def addresses(service: Service, page: Page) -> list[str]:
    """Of the pages that an operator meets, from the page of a run."""
    key = page.url.removesuffix("/change/").rpartition("/")[2]
    return [
        page.url,
        f"{service.url}{LISTED}",
        f"{service.url}{LISTED}act/fail?id={key}",
        f"{service.url}/admin/training_status/domain/",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_use_it(service: Service, new_page: NewPage, reported: Run, scheme: str, width: int) -> None:
    """Axe finds nothing, and nothing stands out of the window."""
    page = page_of(service, new_page, reported)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    found = {}
    for address in addresses(service, page):
        page.goto(address)
        for summary in page.locator("#content section details > summary").all():
            summary.click()
        found[address] = violations(page), widest_overflow(page)
    assert {address: what for address, what in found.items() if what != ([], 0)} == {}


def test_nothing_is_refused_by_the_policy_of_the_page(service: Service, new_page: NewPage, reported: Run) -> None:
    page = page_of(service, new_page, reported)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if POLICY in message.text else None)
    for address in (*addresses(service, page), f"{service.url}/admin/", f"{service.url}/admin/auth/user/add/"):
        page.goto(address)
        page.get_by_role("heading", level=1).wait_for()
    assert told == []
    page.evaluate("document.body.setAttribute('style', 'color: red')")  # which it would have refused
    assert len(told) == 1


def test_a_run_is_marked_as_failed(service: Service, new_page: NewPage, reported: Run) -> None:
    live = new_page(f"{service.url}/domains/{reported.domain}/runs/{reported.number}")
    expect(live.locator("#state").get_by_text("training")).to_be_visible()
    page = page_of(service, new_page, reported)
    page.get_by_role("link", name="Mark as failed").click()
    page.get_by_label("Reason").fill("it hangs")
    page.get_by_role("button", name="Mark as failed").click()
    expect(page.get_by_text(f"{reported.domain} #{reported.number} was marked as failed.")).to_be_visible()
    expect(page.get_by_text("Marked as failed by operator: it hangs")).to_be_visible()
    expect(live.locator("#state").get_by_text("failed: error")).to_be_visible()
    assert reported.post({"n": reported.n + 1, "type": "log", "level": "INFO", "message": "x"}).status_code == 409


def test_what_cannot_be_done_to_runs_chosen_from_the_list_is_said(
    service: Service, new_page: NewPage, reported: Run
) -> None:
    page = new_page(f"{service.url}{LISTED}?of_domain={reported.domain}")
    page.get_by_role("checkbox", name=f"{reported.domain} #{reported.number}").check()
    page.locator("select[name=action]").select_option(label="Delete the selected runs with their logs")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The run is active: cancel it first, or wait until it ends.")).to_be_visible()
