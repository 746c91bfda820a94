"""The tabs of the section about the optimiser: prompts, candidates, lineage, examples and usage."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.optimizer_events import candidate, evaluation, usage, used
from tests.support.optimizer_story import gepa_events, send_all
from tests.support.pages import EMPTY_PAGE
from tests.support.running_service import Service
from tests.support.runs import ENTITY, Run, phase

NewPage = Callable[[str], Page]

FIRST, SECOND = "Name every entity of the text.\nBe brief.", "Name all drugs of the text, please.\nBe brief."


def says(instruction: str, *demonstrations: dict[str, Any]) -> dict[str, Any]:
    predictors = {"extract": {"instruction": instruction, "demonstrations": list(demonstrations)}}
    return {"predictors": predictors, "state": {"says": instruction}}


@pytest.fixture
def open_tab(service: Service, quiet_page: NewPage, run: Run) -> Callable[..., Page]:
    """A function that opens a tab of the section on the run's page."""

    def open_page(tab: str) -> Page:
        page = quiet_page(f"{service.url}/domains/{run.domain}")
        expect(page.locator("#connection")).to_have_text("live")
        page.get_by_role("tab", name=tab, exact=True).click()
        return page

    return open_page


def panel(page: Page) -> Any:
    return page.locator("#optimisation [role=tabpanel]:not([hidden])")


# The best prompt


def test_what_changed_in_the_best_prompt_word_by_word(open_tab: Callable[..., Page], run: Run) -> None:
    run.send(candidate("1", origin="initial", **says(FIRST, {"text": "a"}, {"text": "b"})), evaluation("1", 0.5))
    page = open_tab("Best prompt")
    expect(panel(page)).to_contain_text("This is the initial candidate.")
    better = says(SECOND, {"text": "b"}, {"text": "c <b>"}, {"text": "d"})
    run.send(candidate("2", parents=["1"], origin="reflected", **better), evaluation("2", 0.75))
    expect(panel(page).locator(".in-words")).to_have_text(
        "Compared with the initial candidate 1: 3 words added and 2 words removed."
    )
    text = panel(page).locator("pre")
    expect(text.locator("del")).to_have_text(["every entity"])
    expect(text.locator("ins")).to_have_text(["all drugs", ", please"])
    expect(text.locator("del")).to_have_css("text-decoration-line", "line-through")
    expect(text.locator("ins").first).to_have_css("text-decoration-line", "underline")
    panel(page).get_by_label("Show changes").uncheck()
    expect(text).to_have_text(SECOND, use_inner_text=True)
    panel(page).get_by_text("3 demonstrations, 2 added, 1 removed").press("Enter")
    expect(panel(page).locator(".demonstrations > li")).to_have_text(
        [
            re.compile("text: b"),
            re.compile("added.*text: c <b>"),
            re.compile("added.*text: d"),
            re.compile("removed.*text: a"),
        ]
    )
    assert violations(page) == []


def test_the_best_prompt_can_be_copied_and_its_program_downloaded(open_tab: Callable[..., Page], run: Run) -> None:
    run.send(candidate("1", **says(FIRST)), candidate("2", **says(SECOND)), evaluation("2", 0.75))
    page = open_tab("Best prompt")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy the instruction of extract")
    button.press("Enter")
    expect(button).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == SECOND
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the best program").click()
    assert download.value.suggested_filename == f"{run.domain}-{run.number}-best-program.json"
    assert json.loads(download.value.path().read_text()) == {"says": SECOND}


def test_a_program_that_was_not_reported(open_tab: Callable[..., Page], run: Run) -> None:
    run.send(evaluation("a", 0.5))
    page = open_tab("Best prompt")
    expect(panel(page)).to_contain_text("The program of candidate a was not reported.")
    expect(page.get_by_role("link", name="Download the best program")).to_have_count(0)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a b c", "a b c", "a b c"),
        ("", "new text", "[+new text+]"),
        ("one two three", "one 2 three", "one [-two-][+2+] three"),
        ("a\nb\nc", "a\nx\nb\nc", "a\n[+x\n+]b\nc"),
        ("naïve café.", "naïve cafés.", "naïve [-café-][+cafés+]."),
    ],
)
def test_the_word_diff(service: Service, quiet_page: NewPage, before: str, after: str, shown: str) -> None:
    page = quiet_page(f"{service.url}{EMPTY_PAGE}")
    parts = page.evaluate(
        "async texts => (await import('/static/dashboard/js/optimisation/word_diff.js')).wordDiff(...texts)",
        [before, after],
    )
    marks = {"same": "{}", "added": "[+{}+]", "removed": "[-{}-]"}
    assert "".join(marks[part["kind"]].format(part["text"]) for part in parts) == shown


def test_the_word_diff_of_long_texts_loses_nothing(service: Service, quiet_page: NewPage) -> None:
    page = quiet_page(f"{service.url}{EMPTY_PAGE}")
    lines = [f"line {n} says the same as line {n % 7}" for n in range(900)]
    before, after = "\n".join(lines), "\n".join([*lines[:400], "line 400 says more", *lines[401:]])
    parts = page.evaluate(
        "async texts => (await import('/static/dashboard/js/optimisation/word_diff.js')).wordDiff(...texts)",
        [before, after],
    )
    changed = [part for part in parts if part["kind"] != "same"]
    assert "".join(part["text"] for part in parts if part["kind"] != "removed").rstrip("\n") == after
    assert "".join(part["text"] for part in parts if part["kind"] != "added").rstrip("\n") == before
    assert sum(len(part["text"]) for part in changed) < 100


# Candidates


def names(page: Page) -> list[str]:
    return page.locator(".candidates .unfold").all_inner_texts()


def test_the_pages_of_the_candidates(open_tab: Callable[..., Page], run: Run) -> None:
    for n in range(25):
        run.send(candidate(str(n), parents=[str(n - 1)] if n else []), evaluation(str(n), n / 100))
    page = open_tab("Candidates")
    place = panel(page).locator(".page-place")
    expect(place).to_have_text("1–20 of 25")
    assert names(page) == [str(n) for n in range(24, 4, -1)]
    expect(page.get_by_role("button", name="Previous", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Next", exact=True).press("Enter")
    expect(place).to_have_text("21–25 of 25")
    assert names(page) == ["4", "3", "2", "1", "0"]
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    run.send(candidate("last"))
    expect(place).to_have_text("21–26 of 26")
    assert names(page)[-1] == "last"
    page.get_by_label("Sort by").select_option("latest")
    expect(page.locator(".candidates .unfold").first).to_have_text("last")
    cells = page.locator(".candidates tbody tr").nth(2).locator("td")
    expect(cells).to_have_text(["other from 23", "0.24 10 examples of development", "1", re.compile(r"\d")])


def test_a_row_unfolds_to_the_program_and_the_evaluations(open_tab: Callable[..., Page], run: Run) -> None:
    run.send(
        candidate("1", origin="initial", **says("Other.")),
        candidate("2", **says(FIRST)),
        candidate("3/ü", parents=["2"], **says(SECOND)),
        evaluation("3/ü", 0.75, error_count=2, duration_ms=1500),
        evaluation("3/ü", 1 / 3, split="minibatch", example_count=3),
    )
    page = open_tab("Candidates")
    button = page.get_by_role("button", name="3/ü", exact=True)
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    details = page.locator(".candidate-details")
    expect(details.locator(".in-words")).to_have_text("Compared with candidate 2: 3 words added and 2 words removed.")
    evaluations = page.get_by_role("region", name="Evaluations of candidate 3/ü").locator("tbody tr")
    expect(evaluations).to_have_count(2)
    expect(evaluations.nth(0).locator("td").nth(2)).to_have_text("0.3333333333333333")
    expect(evaluations.nth(1).locator("td").nth(6)).to_have_text("2 s")
    assert violations(page) == []
    run.send(evaluation("2", 0.25))
    expect(page.locator(".candidates .unfold")).to_have_count(3)
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(details.locator(".in-words")).to_be_visible()
    button.press("Enter")
    expect(details).to_have_count(0)


def test_the_address_of_a_candidate(service: Service, quiet_page: NewPage, run: Run) -> None:
    """It is shown wherever it is in the order, unfolded and focused; also by a link and by going back."""
    run.send(*[candidate(f"c{n}") for n in range(30)], *[evaluation(f"c{n}", n / 100) for n in range(30)])
    page = quiet_page(f"{service.url}/domains/{run.domain}#candidate-c3")
    button = page.get_by_role("button", name="c3", exact=True)
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("tab", name="Candidates")).to_have_attribute("aria-selected", "true")
    assert names(page)[:2] == ["c3", "c29"]
    page.get_by_role("tab", name="Scores").click()
    page.locator(".best-score a").click()
    expect(page.get_by_role("button", name="c29", exact=True)).to_be_focused()
    page.get_by_role("tab", name="Scores").click()
    page.locator(".best-score a").click()
    expect(page.get_by_role("button", name="c29", exact=True)).to_be_focused()
    page.go_back()
    expect(button).to_be_focused()


def test_the_address_of_a_candidate_that_is_not_there(service: Service, new_page: NewPage, run: Run) -> None:
    """On a page whose console tells that the browser was answered 404."""
    run.send(candidate("a"))
    page = new_page(f"{service.url}/domains/{run.domain}#candidate-gone")
    expect(page.get_by_text("This run has no candidate gone.")).to_be_visible()
    assert names(page) == ["a"]
    page.evaluate("location.hash = '#candidate-%ff'")
    page.evaluate("location.hash = '#candidate-a'")
    expect(page.get_by_text("This run has no candidate gone.")).to_be_hidden()
    expect(page.get_by_role("button", name="a", exact=True)).to_be_focused()


# Lineage


def test_the_line_of_the_best_candidate(open_tab: Callable[..., Page], run: Run) -> None:
    run.send(
        candidate("a", origin="initial"),
        candidate("b", origin="reflected", parents=["a"]),
        *[candidate(f"c{n}", origin="reflected", parents=["a"]) for n in range(60)],
        candidate("d", origin="merged", parents=["b", "c7"]),
        candidate("alone"),
        evaluation("a", 0.5),
        evaluation("b", 0.25),
        evaluation("c7", 0.625),
        evaluation("c8", 0.9, split="minibatch", example_count=3),
        evaluation("d", 0.75),
    )
    page = open_tab("Lineage")
    expect(panel(page).locator(".in-words")).to_have_text(
        "64 candidates; nothing came from 61 of them. The best, candidate d, is 2 generations after candidate a."
        " Scores are on 10 examples of development where nothing else is said."
    )
    line = page.get_by_role("list", name="The line of the best candidate").locator("> li")
    expect(line).to_have_text(
        [
            "candidate a initial · 0.560 other children, the best 0.625",
            "candidate b reflected · 0.25, -0.25",
            "candidate d merged with c7 · 0.75, +0.5 best",
        ]
    )
    line.first.locator("summary").press("Enter")
    children = line.first.locator("ul > li")
    expect(children).to_have_count(51)
    expect(children.first).to_have_text("candidate c7 reflected · 0.6251 child, the best 0.75")
    expect(children.nth(1)).to_have_text("candidate c8 reflected · 0.9 on 3 examples of minibatch")
    page.get_by_role("button", name="Show more (10 left)").press("Enter")
    expect(children).to_have_count(60)
    expect(children.nth(50).get_by_role("link")).to_be_focused()
    page.get_by_text("1 other candidate without parents").press("Enter")
    assert violations(page) == []
    page.get_by_role("link", name="candidate alone").press("Enter")
    expect(page.get_by_role("button", name="alone")).to_be_focused()


def test_no_candidate_has_parents(open_tab: Callable[..., Page], run: Run) -> None:
    run.send(candidate("a"), evaluation("a"))
    expect(panel(open_tab("Lineage"))).to_contain_text("No candidate was reported with parents.")


# Examples


def test_the_examples_that_nothing_solves(open_tab: Callable[..., Page], run: Run) -> None:
    ids = [f"development-{n}" for n in range(4)]
    run.send(
        evaluation("a", 0.5, example_count=4, example_scores=[1, 0, 0.25, None], example_ids=ids),
        evaluation("b", 0.625, example_count=4, example_scores=[1, 0.5, 0.125, 0.25], example_ids=ids),
    )
    page = open_tab("Examples")
    expect(panel(page).locator(".in-words")).to_have_text(
        "No candidate solves 2 of the 4 examples of development: development-2, development-3."
    )
    picture = page.get_by_role("img", name="Scores of 2 candidates on 4 examples")
    expect(picture.locator(".heat-failed")).to_have_attribute("d", "M1 1h1v1h-1z")
    expect(picture.locator(".heat-9")).to_have_attribute("d", "M3 0h1v1h-1zM3 1h1v1h-1z")
    page.get_by_label("Solved: a score of at least").fill("0.25")
    page.get_by_label("Solved: a score of at least").press("Enter")
    expect(panel(page).locator(".in-words")).to_have_text(
        "Each of the 4 examples of development is solved by at least one candidate."
    )
    page.get_by_text("Examples as a table").press("Enter")
    rows = page.get_by_role("region", name="Hardest examples").locator("tbody tr")
    expect(rows.last.locator("th, td")).to_have_text(["development-0", "2 of 2 candidates", "1", "Scores"])
    page.get_by_role("button", name="Scores on development-3").press("Enter")
    exact = page.get_by_role("region", name="Scores on development-3").locator("tbody td")
    expect(exact).to_have_text(["b", "2", "0.25", "a", "1", "failed"])
    expect(page.get_by_role("heading", name="Example development-3")).to_be_focused()
    assert violations(page) == []


def test_what_the_picture_says_under_the_pointer(open_tab: Callable[..., Page], run: Run) -> None:
    ids = ["x", "y"]
    run.send(
        evaluation("a", 0.5, example_count=2, example_scores=[0.34, 1], example_ids=ids),
        evaluation("b", 0.25, example_count=2, example_scores=[0, 0.5], example_ids=ids),
    )
    page = open_tab("Examples")
    expect(panel(page).locator(".in-words")).to_contain_text("No candidate solves 1 of the 2 examples")
    cells = page.locator(".heat-cells")
    size = cells.bounding_box()
    assert size
    reading = panel(page).locator(".chart-reading")
    cells.hover(position={"x": size["width"] / 4, "y": size["height"] / 4})
    expect(reading).to_have_text("x · candidate a: 0.3 to 0.4")
    page.locator(".heat-shares").hover(position={"x": size["width"] * 3 / 4, "y": 5})
    expect(reading).to_have_text("y · solved by 2 of 2 candidates")
    cells.click(position={"x": size["width"] / 4, "y": size["height"] / 4})
    expect(page.get_by_role("region", name="Scores on x", exact=True).locator("td").nth(2)).to_have_text("0.34")


def test_more_examples_than_the_picture_has(open_tab: Callable[..., Page], run: Run) -> None:
    ids = [f"e{n}" for n in range(1000)]
    run.send(evaluation("a", 0.5, example_count=1000, example_scores=[n / 1000 for n in range(1000)], example_ids=ids))
    run.send(evaluation("a", 0.5, split="test", example_count=2, example_scores=[1, 0]))
    page = open_tab("Examples")
    expect(panel(page).locator(".in-words")).to_contain_text("No candidate solves 500 of the 1,000 examples of develop")
    expect(panel(page).locator(".in-words")).to_contain_text("e0, e1, e2, e3, e4, e5, e6, e7, e8, e9 and 490 more.")
    place = panel(page).locator(".page-place")
    expect(place).to_have_text("1–400 of 1,000 examples, the hardest first")
    page.get_by_role("button", name="Easier").press("Enter")
    expect(place).to_have_text("401–800 of 1,000 examples, the hardest first")
    page.get_by_role("button", name="Harder").press("Enter")
    expect(place).to_have_text("1–400 of 1,000 examples, the hardest first")
    page.get_by_label("Split").select_option("test")
    expect(panel(page).locator(".in-words")).to_have_text("No candidate solves 1 of the 2 examples of test: 1.")


def test_no_scores_of_examples(open_tab: Callable[..., Page], run: Run) -> None:
    run.send(evaluation("a"))
    page = open_tab("Examples")
    expect(panel(page)).to_have_text("No scores of single examples were reported.", use_inner_text=True)


# Usage


def test_usage_by_phase_model_and_role_live(open_tab: Callable[..., Page], run: Run) -> None:
    run.send(candidate("a"), phase(ENTITY))
    page = open_tab("Usage")
    expect(panel(page)).to_contain_text("No usage of language models was reported yet.")
    priced = {"cost": 0.1, "currency": "USD", "duration_ms": 9000}
    run.send(
        usage(
            used(
                "gpt", 10, role="student", cached_calls=1, errors=2, input_tokens=1234, cached_input_tokens=34, **priced
            ),
            used("gpt", 2, role="reflection", output_tokens=50, reasoning_tokens=20, **priced | {"cost": 0.2}),
            used("own", 3),
        )
    )
    table = page.get_by_role("region", name="Usage by phase, model and role")
    expect(table.locator("tbody tr").nth(0).locator("th, td")).to_have_text(
        ["entity extraction optimization", "gpt", "student", "10", "1", "2", "1,23434 cached", "0", "0.1 USD", "1 s"]
    )
    expect(table.locator("tbody tr").nth(1)).to_contain_text("5020 reasoning")
    expect(table.locator("tbody tr").nth(2).locator("td").nth(7)).to_have_text("not known")
    expect(table.locator("tfoot th, tfoot td")).to_have_text(
        [
            "Total",
            "",
            "",
            "15",
            "1",
            "2",
            "1,23434 cached",
            "5020 reasoning",
            re.compile("^0.3 USD, and 3"),
            re.compile("s$"),
        ]
    )
    expect(panel(page).locator(".in-words")).to_have_text(
        "15 calls of language models, 1 of them answered from the cache and 2 failed. 1,234 input tokens and 50 output"
        " tokens. Cost: 0.3 USD, and 3 calls without a known cost."
    )
    assert violations(page) == []


def test_a_long_optimisation_is_shown_whole(open_tab: Callable[..., Page], run: Run) -> None:
    send_all(run, gepa_events(120, 20))
    page = open_tab("Examples")
    expect(panel(page).locator(".in-words")).to_contain_text("No candidate solves 3 of the 20 examples")
    expect(panel(page).locator(".in-words")).to_contain_text("The picture shows the 60 best of 103 candidates")
