"""All runs of a domain, in a real browser."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.domains import create_domain
from tests.support.pages import widest_overflow
from tests.support.running_service import Service
from tests.support.runs import Run, complete, fail, phase

NewPage = Callable[[str], Page]


@pytest.fixture
def domain(operator: httpx.Client) -> str:
    """A domain with a run of every kind."""
    name = create_domain(operator)
    Run(operator, name).send(phase("loading_data"), complete(metrics={"entity_f1": 0.5, "loss": 3, "by": "hand"}))
    Run(operator, name).send(
        phase("loading_data"), fail("<img src=x onerror=alert(1)>\nand more", metrics={"entity_f1": 0.25})
    )
    Run(operator, name, tags=["nightly", "<b>"], note="Larger set.", optimizer="MIPROv2").send(
        phase("loading_data"), complete(metrics={"entity_f1": 0.625, "loss": 3, "fresh": 1})
    )
    Run(operator, name).send(phase("loading_data"))
    Run(operator, name)
    return name


@pytest.fixture
def open_history(service: Service, quiet_page: NewPage) -> Callable[[str], Page]:
    """A function that opens a domain's history."""
    return lambda domain: quiet_page(f"{service.url}/domains/{domain}/history")


def test_every_run_newest_first(open_history: Callable[[str], Page], service: Service, domain: str) -> None:
    page = open_history(domain)
    rows = page.get_by_role("table", name="Runs").locator("tbody").get_by_role("row")
    expect(rows).to_have_count(5)
    assert rows.locator(".state").all_inner_texts() == [
        "pending",
        "training",
        "completed",
        "failed: error",
        "completed",
    ]
    assert rows.get_by_role("rowheader").get_by_role("link").all_inner_texts() == [
        f"Run {number}" for number in (5, 4, 3, 2, 1)
    ]
    expect(rows.nth(0)).to_contain_text("not started")
    expect(rows.nth(1)).to_contain_text("so far")
    assert rows.nth(2).locator(".metric").all_inner_texts() == [
        "entity f1\n0.625\n+0.125, better",
        "fresh\n1",
        "loss\n3\nsame",
    ]
    expect(rows.nth(2)).to_contain_text("MIPROv2 · qwen3:32b")
    assert rows.nth(2).get_by_role("list", name="Tags").get_by_role("listitem").all_inner_texts() == ["nightly", "<b>"]
    expect(rows.nth(2)).to_contain_text("Larger set.")
    expect(rows.nth(3)).to_contain_text("<img src=x onerror=alert(1)>")
    expect(rows.nth(3)).not_to_contain_text("and more")
    assert rows.nth(3).locator(".metric").all_inner_texts() == ["entity f1\n0.25\n-0.25, worse"]
    assert page.locator("table img").count() == 0
    link = rows.nth(4).get_by_role("link", name="Run 1")
    expect(link).to_have_attribute("href", f"/domains/{domain}/runs/1")


def test_times_are_local_with_their_zone(service: Service, new_page: NewPage, domain: str) -> None:
    page = new_page(f"{service.url}/domains/{domain}/history")
    started = page.locator("time").last
    told, shown = started.get_attribute("datetime"), started.inner_text()
    expected = page.evaluate(
        "text => new Intl.DateTimeFormat(undefined, {hour: 'numeric', minute: '2-digit', timeZoneName: 'short'})"
        ".format(new Date(text))",
        told,
    )
    assert shown.endswith(expected)


def test_metrics_over_the_completed_runs(open_history: Callable[[str], Page], domain: str) -> None:
    page = open_history(domain)
    expect(page.get_by_role("heading", name="Metrics of completed runs 1 to 5")).to_be_visible()
    assert page.locator(".chart-name").all_inner_texts() == ["entity f1", "loss"]
    chart = page.get_by_role("group", name="entity f1")
    expect(chart).to_have_accessible_name(
        "entity f1: 2 values from run 1 to 3, first 0.5, last 0.625, lowest 0.5, highest 0.625"
    )
    points = chart.get_by_role("link")
    assert [point.get_attribute("aria-label") for point in points.all()] == ["0.5 · run 1", "0.625 · run 3"]
    page.get_by_text("Values of entity f1").click()
    expect(page.get_by_role("region", name="Values of entity f1").get_by_role("link", name="3")).to_have_attribute(
        "href", f"/domains/{domain}/runs/3"
    )
    points.nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/domains/{domain}/runs/3")


def test_one_run_makes_no_chart(open_history: Callable[[str], Page], operator: httpx.Client) -> None:
    name = create_domain(operator)
    Run(operator, name).send(complete(metrics={"f1": 0.5}))
    page = open_history(name)
    expect(page.get_by_role("link", name="Run 1")).to_be_visible()
    expect(page.get_by_text("Metrics of completed runs")).to_be_hidden()


def test_a_row_stays_small_however_many_metrics_there_are(
    open_history: Callable[[str], Page], operator: httpx.Client
) -> None:
    name = create_domain(operator)
    for _ in range(2):
        Run(operator, name).send(complete(metrics={f"metric_{number}": number for number in range(500)}))
    page = open_history(name)
    rows = page.get_by_role("table", name="Runs").locator("tbody").get_by_role("row")
    expect(rows.first).to_contain_text("and 488 more")
    expect(rows.first.locator(".metric")).to_have_count(12)
    expect(page.locator(".chart")).to_have_count(12)


def test_older_and_newer(open_history: Callable[[str], Page], operator: httpx.Client) -> None:
    name = create_domain(operator)
    for _ in range(51):
        Run(operator, name)
    page = open_history(name)
    expect(page.get_by_role("link", name="Run 51")).to_be_visible()
    expect(page.get_by_text("1 to 50 of 51, newest first")).to_be_visible()
    page.get_by_role("link", name="Older").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    expect(page.get_by_role("link", name="Run 1", exact=True)).to_be_visible()
    expect(page.get_by_text("51 to 51 of 51, newest first")).to_be_visible()
    page.get_by_role("link", name="Newer").click()
    expect(page.get_by_role("rowheader")).to_have_count(50)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_use_it(open_history: Callable[[str], Page], domain: str, scheme: str, width: int) -> None:
    """Axe finds nothing, the table stays one where it is narrow, and nothing stands out of the window."""
    page = open_history(domain)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.get_by_role("table", name="Runs").locator("tbody").get_by_role("cell").first).to_be_visible()
    page.get_by_text("Values of entity f1").click()
    expect(page.get_by_role("region", name="Values of entity f1")).to_be_visible()
    assert violations(page) == []
    assert widest_overflow(page) == 0
