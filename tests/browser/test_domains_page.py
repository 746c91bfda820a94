"""The page of the domains: live, sortable, searchable."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.axe import violations
from tests.support.domains import create_domain
from tests.support.pages import widest_overflow
from tests.support.running_service import Service
from tests.support.runs import Run, complete, phase, progress

ENTITY = "entity_extraction_optimization"


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    """With no other domains than these tests make."""
    return own_service


@pytest.fixture
def page(service: Service, new_page: Callable[[str], Page], run: Run) -> Page:
    page = new_page(service.url)
    expect(page.locator("#connection")).to_have_text("live")
    return page


def names(page: Page) -> list[str]:
    return [name.inner_text() for name in page.locator("tbody tr:visible a.name").all()]


def test_a_domain_is_shown_as_it_goes_on(page: Page, run: Run) -> None:
    row = page.locator(f"tr[data-domain={run.domain}]")
    expect(row).to_contain_text("pending")
    run.send(phase(ENTITY), progress(0.5, message="trial 5 of 10", metrics={"entity_f1": 0.71}))
    expect(row).to_contain_text("training")
    expect(row).to_contain_text("27 %")
    expect(row).to_contain_text("trial 5 of 10")
    expect(row).to_contain_text("entity f1 0.71")
    expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "27")
    run.send(complete())
    expect(row).to_contain_text("completed")
    row.get_by_role("link", name=run.domain).click()
    expect(page).to_have_url(re.compile(rf"/domains/{run.domain}$"))


def test_the_focus_stays_on_a_domain_that_goes_on(page: Page, run: Run) -> None:
    row = page.locator(f"tr[data-domain={run.domain}]")
    row.get_by_role("link", name=run.domain).focus()
    run.send(phase(ENTITY), progress(0.5))
    expect(row).to_contain_text("27 %")
    expect(row.get_by_role("link", name=run.domain)).to_be_focused()


def test_a_domain_created_meanwhile_appears_with_its_first_run(page: Page, run: Run) -> None:
    domain = create_domain(run.client)
    Run(run.client, domain).send(phase(ENTITY))
    expect(page.locator(f"tr[data-domain={domain}]")).to_contain_text("entity extraction")


def test_a_domain_that_could_not_be_read_at_first_appears_with_its_next_event(page: Page, run: Run) -> None:
    domain = create_domain(run.client)
    busy = {"detail": "Too busy."}
    page.route(f"**/domains/{domain}", lambda route: route.fulfill(status=503, json=busy), times=1)
    with page.expect_response(f"**/domains/{domain}"):
        other = Run(run.client, domain)
    expect(page.locator(f"tr[data-domain={domain}]")).to_have_count(0)
    other.send(phase(ENTITY), progress(0.5))
    expect(page.locator(f"tr[data-domain={domain}]")).to_contain_text("27 %")


def test_an_event_while_a_domain_cannot_be_read_is_another_chance(page: Page, run: Run) -> None:
    domain = create_domain(run.client)
    asked: list[Route] = []
    page.route(f"**/domains/{domain}", lambda route: asked.append(route), times=1)
    with page.expect_request(f"**/domains/{domain}"):
        other = Run(run.client, domain)
    other.send(phase(ENTITY), progress(0.5))
    run.send(phase(ENTITY), progress(0.5))
    expect(page.locator(f"tr[data-domain={run.domain}]")).to_contain_text("27 %")  # so the other's has come, too
    asked[0].fulfill(status=503, json={"detail": "Too busy."})
    expect(page.locator(f"tr[data-domain={domain}]")).to_contain_text("27 %")


def test_finding_and_sorting_are_kept_in_the_address(page: Page, run: Run) -> None:
    other = Run(run.client, create_domain(run.client))
    other.send(phase(ENTITY))
    page.reload()
    page.get_by_label("Find").fill(other.domain)
    expect(page.locator("#found")).to_have_text(re.compile(r"^1 of \d+$"))
    assert names(page) == [other.domain]
    page.reload()
    expect(page.get_by_label("Find")).to_have_value(other.domain)
    expect(page.locator("#found")).to_have_text(re.compile(r"^1 of \d+$"))
    page.get_by_label("Find").fill("")
    page.get_by_role("button", name="Progress").press("Enter")
    expect(page.locator("th[data-sort=progress]")).to_have_attribute("aria-sort", "ascending")
    expect(page).to_have_url(re.compile(r"\?sort=progress$"))
    found = names(page)
    assert found.index(other.domain) < found.index(run.domain)


def test_the_order_follows_what_is_shown(page: Page, run: Run) -> None:
    other = Run(run.client, create_domain(run.client))
    run.send(phase(ENTITY), progress(0.5))
    other.send(phase(ENTITY), progress(0.2))
    expect(page.locator(f"tr[data-domain={other.domain}]")).to_contain_text("17 %")
    page.get_by_role("button", name="Progress").click()
    assert [name for name in names(page) if name in (run.domain, other.domain)] == [run.domain, other.domain]
    other.send(progress(0.9))
    expect(page.locator(f"tr[data-domain={other.domain}] ~ tr[data-domain={run.domain}]")).to_be_attached()
    page.get_by_role("link", name=run.domain).focus()
    run.send(progress(1.0))
    expect(page.locator(f"tr[data-domain={run.domain}]")).to_contain_text("45 %")
    assert names(page).index(other.domain) < names(page).index(run.domain)  # the focus has kept its place


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violation_in_axe(page: Page, run: Run, scheme: str) -> None:
    run.send(phase(ENTITY), progress(0.5, message="x" * 200, metrics={"entity_f1": 0.71}))
    expect(page.locator(f"tr[data-domain={run.domain}]")).to_contain_text("27 %")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert widest_overflow(page) <= 0


def test_more_domains_than_are_shown(service: Service, new_page: Callable[[str], Page], run: Run) -> None:
    """Those that are not shown are not asked for one by one."""
    service.run_in_django(
        "from django.utils.timezone import now; from training_status.models import Domain\n"
        "each = {'description': 'One of many domains.', 'created_at': now()}\n"
        "Domain.objects.bulk_create(Domain(name=f'a_{n:03}', **each) for n in range(500))"
    )
    page = new_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)
    page.goto(service.url)
    expect(page.get_by_text("more domains are not shown")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("live")
    run.send(phase(ENTITY))
    Run(run.client, "a_007").send(phase(ENTITY), progress(0.5))
    expect(page.locator("tr[data-domain=a_007]")).to_contain_text("27 %")
    assert [url for url in asked if "training-stream" not in url] == []
