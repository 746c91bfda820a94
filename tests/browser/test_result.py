"""What a run produced, in a real browser."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.pages import EMPTY_PAGE, mount, widest_overflow
from tests.support.running_service import Service
from tests.support.runs import Run, complete, fail, phase

NewPage = Callable[[str], Page]

INSTRUCTION = "Extract <b>all</b> entities.\n\n  1. Never invent.\n<img src=x onerror=alert(1)>"
RESULT = {
    "prompts": {
        "entity_extraction": {"instruction": INSTRUCTION, "demonstrations": [{"text": "No finding."}]},
        "relation_extraction": "List the relations.",
    },
    "evaluation": {"entity_f1": 0.87, "html": "<i>x</i>", "none": None, "empty": []},
}


@pytest.fixture
def page(service: Service, new_page: NewPage) -> Page:
    return new_page(f"{service.url}{EMPTY_PAGE}")


def show(page: Page, run: Run) -> None:
    """Show the run's result, as its status is now."""
    mount(page, "result_view.js", "ResultView", {"runId": run.id})
    tell(page, run)


def tell(page: Page, run: Run) -> None:
    page.evaluate("status => part.update(status)", run.status())


def finish(run: Run, result: Any) -> None:
    run.send(phase("loading_data"), complete(result=result))


def test_prompts_to_read(page: Page, run: Run) -> None:
    finish(run, RESULT)
    show(page, run)
    entity = page.get_by_role("region", name="Prompt entity extraction")
    expect(entity.locator("pre")).to_have_text(INSTRUCTION, use_inner_text=True)
    expect(entity.get_by_text("text: No finding.")).to_be_hidden()
    entity.get_by_text("demonstrations").wait_for()
    entity.locator("summary", has_text="0").last.press("Enter")
    expect(entity.get_by_text("text: No finding.")).to_be_visible()
    expect(page.get_by_role("region", name="Prompt relation extraction").locator("pre")).to_have_text(
        "List the relations."
    )
    expect(page.locator(".result > .tree")).to_contain_text("html: <i>x</i>")
    expect(page.locator(".result > .tree")).to_contain_text("none: null")
    expect(page.locator(".result > .tree")).to_contain_text("empty: 0 items")
    assert page.locator(".result :is(img, b, i)").count() == 0
    assert violations(page) == []


@pytest.mark.parametrize("allowed", [True, False], ids=["clipboard", "no clipboard"])
def test_a_prompt_can_be_copied(page: Page, run: Run, allowed: bool) -> None:
    """Also where a page that came over plain HTTP has no clipboard of its own."""
    finish(run, RESULT)
    show(page, run)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not allowed:
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('no')); }")
    button = page.get_by_role("button", name="Copy entity extraction")
    button.press("Enter")
    expect(button).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied) == RESULT["prompts"]["entity_extraction"]
    expect(button).to_be_focused()
    page.get_by_role("button", name="Copy relation extraction").click()
    page.wait_for_function("async () => await navigator.clipboard.readText() === 'List the relations.'")


def test_everything_can_be_downloaded(page: Page, run: Run, tmp_path: Path) -> None:
    finish(run, RESULT)
    show(page, run)
    with page.expect_download() as started:
        page.get_by_role("link", name="Download all as JSON").click()
    assert started.value.suggested_filename == f"{run.domain}-{run.number}-result.json"
    started.value.save_as(tmp_path / "result.json")
    assert json.loads((tmp_path / "result.json").read_text()) == RESULT


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({}, "The result is empty."),
        ({"prompts": {}}, "prompts: 0 fields"),
        ({"prompts": None, "score": 1}, "score: 1"),
        ({"prompts": ["one", "two"]}, "1: two"),
        ({"prompts": {"a": ["one"]}}, "0: one"),
        ({"__proto__": "x", "": 1}, "__proto__: x"),
    ],
    ids=str,
)
def test_results_of_any_shape(page: Page, run: Run, result: Any, text: str) -> None:
    finish(run, result)
    show(page, run)
    expect(page.locator(".result")).to_contain_text(text)


def test_a_large_result_is_shown_piece_by_piece(page: Page, run: Run) -> None:
    finish(run, {"numbers": list(range(250)), "nested": [[["deep"]]]})
    show(page, run)
    expect(page.locator(".tree li")).to_have_count(3)
    page.get_by_text("numbers").click()
    expect(page.get_by_text("99: 99")).to_be_visible()
    expect(page.get_by_text("100: 100")).to_be_hidden()
    page.get_by_role("button", name="Show more (150 left)").click()
    page.get_by_role("button", name="Show more (50 left)").click()
    expect(page.get_by_text("249: 249")).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_it_says_so_when_there_is_none_yet_or_none(page: Page, run: Run) -> None:
    show(page, run)
    expect(page.get_by_text("No result yet. The result appears when the training completes.")).to_be_visible()
    run.send(phase("loading_data"), complete())
    tell(page, run)
    expect(page.get_by_text("This run reported no result.")).to_be_visible()
    expect(page.get_by_role("link", name="Download")).to_be_hidden()


def test_a_failed_run_has_none(page: Page, run: Run) -> None:
    run.send(fail())
    show(page, run)
    expect(page.get_by_text("This run failed and has no result.")).to_be_visible()


def test_it_comes_with_the_end(page: Page, run: Run) -> None:
    show(page, run)
    finish(run, RESULT)
    tell(page, run)
    expect(page.get_by_role("heading", name="entity extraction")).to_be_visible()
    expect(page.get_by_text("No result yet")).to_be_hidden()


def test_a_service_that_was_away_can_be_asked_again(page: Page, run: Run) -> None:
    finish(run, RESULT)
    page.route("**/result", lambda route: route.abort(), times=1)
    show(page, run)
    expect(page.get_by_text("Could not load the result: The service cannot be reached.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="entity extraction")).to_be_visible()


def test_it_fits_a_narrow_window(page: Page, run: Run) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    finish(run, {"prompts": {"a_name_that_is_rather_long_for_this": "x" * 500}, "k" * 100: {"y" * 100: "z" * 500}})
    show(page, run)
    expect(page.locator("pre")).to_be_visible()
    assert widest_overflow(page) == 0
