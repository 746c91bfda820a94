"""The history as it goes on, runs chosen and compared, and the baseline pinned, in a real browser."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.axe import violations
from tests.support.domains import create_domain
from tests.support.pages import widest_overflow
from tests.support.running_service import Service
from tests.support.runs import Run, complete, fail, phase, progress

NewPage = Callable[[str], Page]
Open = Callable[..., Page]


@pytest.fixture
def domain(operator: httpx.Client) -> str:
    """A domain with three completed runs."""
    name = create_domain(operator)
    for number, prompt in enumerate(("Name them.\nBe brief.", "Name them.\nBe very brief.\nStop.", "Name them."), 1):
        run = Run(
            operator, name, optimizer="gepa", sample_count=10 * number, config={"search": {"seed": 1, "trials": number}}
        )
        run.send(
            phase("loading_data"),
            *[progress(n / 4, metrics={"f1": number * n / 20}) for n in range(1, 4)],
            complete(metrics={"f1": number * 0.2, "loss": 1}, result={"prompts": {"entity": prompt}}),
        )
    return name


@pytest.fixture
def open_history(service: Service, quiet_page: NewPage) -> Open:
    """A function that opens a domain's history, with a query if there is one."""
    return lambda domain, query="": quiet_page(f"{service.url}/domains/{domain}/history{query}")


def row(page: Page, number: int):
    named = re.compile(rf"^Run {number}\b")
    return page.locator(".runs tbody").get_by_role("row").filter(has=page.get_by_role("rowheader", name=named))


def test_runs_appear_and_end_while_one_looks(open_history: Open, operator: httpx.Client) -> None:
    name = create_domain(operator)
    page = open_history(name)
    expect(page.get_by_text("No training runs yet")).to_be_visible()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    first = Run(operator, name)
    expect(row(page, 1).locator(".state")).to_have_text("pending")
    expect(page.get_by_text("No training runs yet")).to_be_hidden()
    first.send(phase("loading_data"), progress(0.5, metrics={"f1": 0.25}))
    expect(row(page, 1).locator(".state")).to_have_text("training")
    expect(row(page, 1).locator(".metric")).to_have_text("f1 0.25")
    choose = page.get_by_role("checkbox", name="Compare run 1")
    choose.focus()
    first.send(complete(metrics={"f1": 0.5}))
    expect(row(page, 1).locator(".state")).to_have_text("completed")
    expect(row(page, 1).locator(".metric")).to_have_text("f1 0.5")
    expect(choose).to_be_focused()
    second = Run(operator, name)
    expect(row(page, 2)).to_be_visible()
    expect(page.get_by_text("1 to 2 of 2, newest first")).to_be_visible()
    second.send(complete(metrics={"f1": 0.75}))
    expect(row(page, 2).locator(".metric")).to_have_text("f1 0.75 +0.25, better")
    expect(page.get_by_role("group", name=re.compile("^f1: 2 values"))).to_be_visible()
    expect(choose).to_be_focused()


def test_a_slow_answer_does_not_take_a_newer_status_back(
    service: Service, operator: httpx.Client, new_page: NewPage
) -> None:
    """The runs were read before a status that the stream brings, and arrive after it."""
    run = Run(operator, create_domain(operator))
    run.send(phase("loading_data"), progress(0.5, metrics={"f1": 0.25}))
    page = new_page("about:blank")
    held: list[Route] = []
    page.route("**/training-runs?**", lambda route: held.append(route))
    with page.expect_request("**/training-runs?**"):
        page.goto(f"{service.url}/domains/{run.domain}/history")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    before = operator.get(f"/domains/{run.domain}/training-runs").json()
    run.send(progress(0.6, metrics={"f1": 0.5}))
    expect(row(page, 1).locator(".metric")).to_have_text("f1 0.5")
    (slow,) = held
    with page.expect_request_finished(lambda request: request == slow.request):
        slow.fulfill(json=before)
    expect(row(page, 1).locator(".metric")).to_have_text("f1 0.5")


def test_it_goes_on_after_an_interruption(
    service: Service, operator: httpx.Client, new_page: NewPage, domain: str
) -> None:
    page = new_page(f"{service.url}/domains/{domain}/history")  # an interruption is told on the console
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    Run(operator, domain).send(complete(metrics={"f1": 0.9}))
    Run(operator, domain)
    page.context.set_offline(False)
    expect(row(page, 4).locator(".state")).to_have_text("completed")
    expect(row(page, 5).locator(".state")).to_have_text("pending")


def test_what_is_chosen_is_in_the_address(open_history: Open, domain: str) -> None:
    page = open_history(domain)
    page.get_by_role("checkbox", name="Compare run 3").check()
    expect(page.get_by_text("Selected: run 3. Select another run to compare.")).to_be_visible()
    expect(page.get_by_role("heading", name="Comparison")).to_be_hidden()
    page.get_by_role("checkbox", name="Compare run 1").check()
    expect(page.get_by_text("Selected: run 3, run 1.")).to_be_visible()
    page.get_by_role("group", name="Metrics shown").get_by_label("loss").uncheck()
    expect(page.locator(".trends .chart-name")).to_have_text(["f1"])
    assert page.evaluate("location.search") == "?run=3&run=1&metric=f1"
    page.reload()
    expect(page.get_by_role("checkbox", name="Compare run 3")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Compare run 2")).not_to_be_checked()
    expect(page.locator(".trends .chart-name")).to_have_text(["f1"])
    expect(page.get_by_role("list", name="Compared runs").get_by_role("link")).to_have_text(["Run 3", "Run 1"])
    page.get_by_role("button", name="Remove run 3 from the comparison").click()
    expect(page.get_by_role("checkbox", name="Compare run 3")).not_to_be_checked()
    expect(page.get_by_role("heading", name="Comparison")).to_be_hidden()
    page.get_by_role("button", name="Clear").click()
    assert page.evaluate("location.search") == "?metric=f1"


def test_a_cancelled_run_looks_the_same_in_the_list_and_in_the_comparison(
    open_history: Open, operator: httpx.Client, domain: str
) -> None:
    run = Run(operator, domain)
    run.send(phase("loading_data"))
    assert run.cancel().status_code == 200
    run.send(fail("stopped as asked"))
    page = open_history(domain, "?run=4&run=1")
    compared = page.get_by_role("list", name="Compared runs").get_by_role("listitem")
    for state in (row(page, 4).locator(".state"), compared.first.locator(".state")):
        expect(state).to_have_text("failed: cancelled")
        expect(state).to_have_class("state cancelled")


def texts(page: Page, region: str) -> list[list[str]]:
    rows = page.get_by_role("region", name=region, exact=True).locator("tbody tr")
    expect(rows.first).to_be_visible()
    return [re.split(r"\t\s*|\n\s*\t", line.inner_text()) for line in rows.all()]


def test_the_comparison(open_history: Open, domain: str) -> None:
    page = open_history(domain, "?run=2&run=1")
    expect(page.get_by_text("Compared with run 1, the oldest of these runs (no baseline is pinned).")).to_be_visible()
    metrics = page.get_by_role("region", name="Metrics of the runs").locator("tbody tr")
    expect(metrics).to_have_text(["f10.4 +0.2, better0.2 baseline", "loss1 same1 baseline"])
    settings = page.get_by_role("region", name="Settings that differ").locator("tbody tr")
    expect(settings).to_have_text(["sample_count2010", "search.trials21"])
    same = page.get_by_text("3 identical settings")
    expect(page.get_by_role("region", name="Identical settings")).to_be_hidden()
    same.click()
    expect(page.get_by_role("region", name="Identical settings").locator("tbody tr")).to_have_text(
        ["llm_modelqwen3:32bqwen3:32b", "optimizergepagepa", "search.seed11"]
    )
    expect(page.get_by_role("region", name="Phase durations").locator("tbody tr")).to_have_count(7)
    expect(page.get_by_role("region", name="Phase durations").locator(".phase-bar").first).to_be_attached()
    expect(page.get_by_role("img", name=re.compile("^f1 over time: run 2 ends at .*; run 1 ends at "))).to_be_visible()
    prompt = page.get_by_role("region", name="entity, Run 1 and Run 2")
    expect(prompt.locator("tbody tr")).to_have_text([" Name them. Name them.", "−Be brief.+Be very brief.", "+Stop."])
    expect(prompt.locator("mark")).to_have_text(["very "])
    assert violations(page) == []


def test_a_baseline_is_pinned_and_unpinned(open_history: Open, operator: httpx.Client, domain: str) -> None:
    page = open_history(domain, "?run=2&run=3")
    expect(row(page, 3).locator(".metric").first).to_have_text("f1 0.6 +0.2, better")
    expect(page.get_by_text("Compared with run 2, the oldest of these runs (no baseline is pinned).")).to_be_visible()
    page.get_by_role("button", name="Pin as baseline: run 1").click()
    expect(page.get_by_role("status").get_by_text("Run 1 is pinned as the baseline.")).to_be_attached()
    expect(row(page, 1).get_by_text("baseline", exact=True)).to_be_visible()
    expect(row(page, 3).locator(".metric").first).to_have_text("f1 0.6 +0.4, better")
    expect(page.get_by_role("columnheader", name="Metrics, compared with run 1")).to_be_visible()
    expect(page.get_by_text("Compared with run 1, the pinned baseline.")).to_be_visible()
    assert operator.get(f"/domains/{domain}").json()["baseline_run_number"] == 1
    page.get_by_role("button", name="Unpin: run 1").press("Enter")
    expect(row(page, 3).locator(".metric").first).to_have_text("f1 0.6 +0.2, better")
    assert operator.get(f"/domains/{domain}").json()["baseline_run_number"] is None


def test_a_pin_that_is_refused(new_page: NewPage, operator: httpx.Client, domain: str, service: Service) -> None:
    """The run is deleted just before it is pinned: the service's sentence is shown."""
    page = new_page(f"{service.url}/domains/{domain}/history")
    page.route("**/training-runs?**", lambda route: route.abort())  # the page learns nothing of it
    operator.delete(f"/training-runs/{operator.get(f'/domains/{domain}/training-runs/2').json()['training_run_id']}")
    page.get_by_role("button", name="Pin as baseline: run 2").click()
    expect(page.get_by_role("alert")).to_contain_text("Run 2 cannot be the baseline")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_use_it(open_history: Open, domain: str, scheme: str, width: int) -> None:
    page = open_history(domain, "?run=3&run=2&run=1")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.get_by_role("img", name=re.compile("^f1 over time"))).to_be_visible()
    page.get_by_label("Right").select_option("run 3")
    expect(page.get_by_role("region", name="entity, Run 1 and Run 3")).to_be_visible()
    assert violations(page) == []
    assert widest_overflow(page) == 0
