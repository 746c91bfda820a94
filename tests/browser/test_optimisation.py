"""The section about the optimiser on the run page: live, and hidden without anything to show."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.optimizer_events import candidate, evaluation
from tests.support.optimizer_story import gepa_events, send_all
from tests.support.pages import widest_overflow
from tests.support.running_service import Service
from tests.support.runs import Run, log

NewPage = Callable[[str], Page]


@pytest.fixture
def open_run(service: Service, quiet_page: NewPage, run: Run) -> Callable[..., Page]:
    """A function that opens the page of the run."""

    def open_page(fragment: str = "") -> Page:
        page = quiet_page(f"{service.url}/domains/{run.domain}{fragment}")
        expect(page.locator("#connection")).to_have_text("live")
        return page

    return open_page


def show(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()


def requested(page: Page) -> list[str]:
    """The paths of everything that the page has loaded."""
    found = page.evaluate("performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname)")
    return [path for path in found if "optimisation" in path or "evaluation-scores" in path]


def test_a_run_without_findings_pays_nothing(open_run: Callable[..., Page], run: Run) -> None:
    run.send(log("line 1"))
    page = open_run()
    expect(page.get_by_text("line 1", exact=True)).to_be_visible()
    expect(page.locator("#optimisation")).to_be_hidden()
    assert [path for path in requested(page) if "optimisation_section" not in path] == []


@pytest.mark.parametrize("first", [candidate("a"), evaluation("a")], ids=["candidate", "evaluation"])
def test_the_section_appears_with_the_first_finding(
    open_run: Callable[..., Page], run: Run, first: dict[str, object]
) -> None:
    page = open_run()
    expect(page.locator("#optimisation")).to_be_hidden()
    run.send(first)
    expect(page.get_by_role("region", name="Optimisation")).to_be_visible()


def test_scores_live(open_run: Callable[..., Page], run: Run) -> None:
    run.send(candidate("a"), evaluation("a", 0.5), evaluation("b", 0.7, split="minibatch", example_count=3))
    page = open_run()
    words = page.locator("#optimisation-scores .in-words")
    expect(words).to_have_text(
        "2 evaluations of entity f1: 1 full, 1 on a minibatch."
        " The best score on 10 examples of development is 0.5, by candidate a."
    )
    run.send(evaluation("b", 0.75), evaluation("c", 0.25))
    expect(words).to_contain_text("The best score on 10 examples of development is 0.75, 0.5 at first, by candidate b.")
    run.send(evaluation("c", 3, metric="loss"))
    expect(page.locator(".best-score")).to_contain_text("loss 3 by candidate c")
    expect(words).to_have_text(re.compile("1 evaluation of loss: 1 full."))
    metric = page.locator("#optimisation").get_by_label("Metric")
    metric.select_option("entity_f1")
    expect(words).to_contain_text("4 evaluations of entity f1: 3 full, 1 on a minibatch.")
    run.send(evaluation("d", 2, metric="other"), evaluation("d", 0.875))
    expect(words).to_contain_text("5 evaluations of entity f1")
    expect(metric.locator("option")).to_have_text(["entity f1", "loss", "other"])


def test_full_evaluations_and_minibatches_differ_in_shape(open_run: Callable[..., Page], run: Run) -> None:
    run.send(evaluation("a", 0), evaluation("a", 1), evaluation("b", 0.5, split="minibatch"))
    page = open_run()
    expect(page.locator(".score-full")).to_have_attribute("d", "M0.0 100.00h0M500.0 0.00h0")
    expect(page.locator(".score-minibatch")).to_have_attribute("d", "M1000.0 50.00h0")
    expect(page.locator(".score-best")).to_have_attribute("d", "M0.0 100.00H500.0V0.00H1000")
    for name, cap in (("full", "round"), ("minibatch", "square")):
        expect(page.locator(f".score-{name}")).to_have_css("stroke-linecap", cap)
    page.get_by_role("radio", name="time").check()
    expect(page.locator(".score-chart .chart-unit")).to_have_text("s")


def test_a_point_leads_to_its_candidate_by_keyboard_and_pointer(open_run: Callable[..., Page], run: Run) -> None:
    run.send(evaluation("a", 0.25), evaluation("b/ü", 0.75), evaluation("c", 0.5))
    page = open_run()
    chart = page.get_by_role("slider", name="Evaluations of entity f1")
    chart.focus()
    expect(chart).to_have_attribute(
        "aria-valuetext", re.compile(r"^0.75 · evaluation 2, .*best so far.* candidate b/ü$")
    )
    page.keyboard.press("ArrowRight")
    expect(chart).to_have_attribute("aria-valuenow", "3")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#candidate-a$"))
    show(page, "Scores")
    size = chart.bounding_box()
    assert size
    chart.click(position={"x": size["width"] * 0.52, "y": size["height"] * 0.3})
    expect(page).to_have_url(re.compile("#candidate-b%2F%C3%BC$"))


def test_the_scores_as_a_table(open_run: Callable[..., Page], run: Run) -> None:
    run.send(evaluation("a", 0.25), evaluation("b", 1 / 3))
    page = open_run()
    page.get_by_text("Scores as a table").press("Enter")
    rows = page.get_by_role("region", name="Scores", exact=True).locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1).locator("td")).to_have_text(
        ["2", re.compile("ms|s$"), "b", "development", "10", "0.3333333333333333"]
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_tab_is_accessible_and_fits(open_run: Callable[..., Page], run: Run, width: int, scheme: str) -> None:
    send_all(run, gepa_events(30, 12))
    page = open_run()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    tabs = page.locator("#optimisation").get_by_role("tab")
    expect(tabs.first).to_have_attribute("aria-selected", "true")
    tabs.first.focus()
    found = {}
    for _ in tabs.all():
        shown = page.locator("#optimisation [role=tabpanel]:not([hidden])")
        expect(shown.locator(".part-notice")).to_be_empty()
        found[page.evaluate("document.activeElement.textContent")] = violations(page), widest_overflow(page)
        page.keyboard.press("ArrowRight")
    assert found == {name: ([], 0) for name in tabs.all_inner_texts()}
