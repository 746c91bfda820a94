"""The log on a run's page: long logs, filters, search, and what messages may contain."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.domains import create_domain
from tests.support.filled_log import drop_prefix, fill_log
from tests.support.log_on_page import LogOnPage
from tests.support.pages import sign_in
from tests.support.programs import path_of_chromium
from tests.support.running_service import Service
from tests.support.runs import ENTITY, RELATION, Run, fail, log

NewPage = Callable[[str], Page]
MILLION = 1_000_000
ERROR_EVERY = 100_003


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    """With long logs, which other tests need not have in their database."""
    return own_service


@pytest.fixture(scope="module")
def long_run(service: Service) -> Run:
    """A run with a million entries, nine of them errors."""
    operator = service.client(service.token("operator"))
    run = Run(operator, create_domain(operator))
    fill_log(service, run, MILLION, ERROR_EVERY)
    return run


@pytest.fixture(scope="module")
def hasty_service(chromium: Browser) -> Iterator[Service]:
    """A service that looks through logs for a millisecond, which is two thousand entries."""
    running = Service(AEGIS_LOG_SEARCH_LIMIT_S="0.000001")
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_every_place_in_a_million_lines(service: Service, new_page: NewPage, long_run: Run) -> None:
    shown = LogOnPage(new_page, service, long_run)
    shown.await_in_sight(MILLION)
    assert shown.rows_in_document() < 100
    shown.scroll_to(0.5)
    shown.await_in_sight(MILLION // 2 + 5)
    assert shown.rows_in_document() < 100
    shown.page.keyboard.press("Home")
    shown.await_in_sight(1)
    assert shown.rows_in_document() < 100
    shown.page.keyboard.press("End")
    shown.await_in_sight(MILLION)
    assert shown.rows_in_document() < 100
    expect(shown.count).to_have_text("1,000,000 lines")


@pytest.fixture
def dense_page(chromium: Browser, service: Service) -> Iterator[NewPage]:
    """A function that opens a page on a screen whose pixels are so small that a million rows are too many of them."""
    path = path_of_chromium()
    arguments = ["--force-device-scale-factor=3", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with chromium.browser_type.launch(executable_path=path, args=arguments) as browser:
        yield signed_in(browser.new_context(no_viewport=True).new_page(), service)


def signed_in(page: Page, service: Service) -> NewPage:
    """A function that shows an address in this page, in which the operator is signed in then."""
    sign_in(page, service)

    def show(address: str) -> Page:
        page.goto(address)
        return page

    return show


def test_every_place_on_a_screen_of_small_pixels(service: Service, dense_page: NewPage, long_run: Run) -> None:
    shown = LogOnPage(dense_page, service, long_run)
    shown.await_in_sight(MILLION)
    assert shown.scroller.evaluate("scroller => scroller.scrollHeight") < MILLION * 16, "this screen has room for all"
    shown.scroll_to(0.5)
    shown.await_in_sight(MILLION // 2 + 10)
    # Steps are as long as ever.
    first = shown.first_in_sight()
    shown.wheel(160)
    shown.await_first_in_sight(first + 10)
    shown.page.keyboard.press("Home")
    shown.await_first_in_sight(1)
    shown.wheel(1600)
    shown.await_first_in_sight(101)
    shown.scroller.evaluate("scroller => { scroller.scrollTop -= 800; }")
    shown.await_first_in_sight(51)
    shown.page.evaluate("() => { location.hash = '#L723456'; }")
    shown.await_in_sight(723456)
    shown.page.keyboard.press("End")
    shown.await_in_sight(MILLION)
    expect(shown.latest).to_be_hidden()
    shown.wheel(-1600)
    expect(shown.latest).to_be_visible()
    shown.wheel(3200)
    shown.await_in_sight(MILLION)
    expect(shown.latest).to_be_hidden()
    assert shown.rows_in_document() < 100


def test_a_page_that_nobody_waits_for_any_more_is_broken_off(
    service: Service, new_page: NewPage, long_run: Run
) -> None:
    shown = LogOnPage(new_page, service, long_run)
    shown.await_in_sight(MILLION)
    shown.page.route("**/training-logs?*", lambda _: None, times=1)  # an answer that never comes
    with shown.page.expect_request("**/training-logs?*") as awaited:
        shown.scroll_to(0.25)
    with shown.page.expect_event("requestfailed") as failed:
        shown.scroll_to(0.75)
    assert failed.value.url == awaited.value.url
    shown.await_in_sight(MILLION * 3 // 4 + 5)


def test_a_link_to_a_line(service: Service, new_page: NewPage, long_run: Run) -> None:
    shown = LogOnPage(new_page, service, long_run, "#L723456")
    shown.await_in_sight(723456)
    shown.await_selected(723456)
    assert shown.rows_in_document() < 100
    expect(shown.latest).to_be_visible()
    expect(shown.details).to_contain_text("Line 723456")
    expect(shown.details).to_contain_text("line 723456")


def test_a_link_to_a_range(service: Service, new_page: NewPage, long_run: Run) -> None:
    shown = LogOnPage(new_page, service, long_run, "#L10-L20")
    shown.await_in_sight(10)
    shown.await_selected(*range(10, 21))
    expect(shown.details).to_contain_text("Lines 10 to 20")
    # Another link to the same page is followed, too.
    shown.page.evaluate("() => { location.hash = '#L500000'; }")
    shown.await_in_sight(500000)
    shown.await_selected(500000)


def test_a_line_that_the_log_does_not_have(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(log("line 1"))
    shown = LogOnPage(new_page, service, run, "#L2000")
    expect(shown.details).to_contain_text("This line is not in the log")
    shown.await_in_sight(1)


def test_levels_of_a_million_lines(service: Service, new_page: NewPage, long_run: Run) -> None:
    shown = LogOnPage(new_page, service, long_run)
    expect(shown.chip("INFO")).to_have_text("INFO 999,991")
    shown.chip("ERROR").click()
    shown.await_rows(*range(ERROR_EVERY, MILLION, ERROR_EVERY))
    expect(shown.count).to_have_text("9 of 1,000,000 lines")
    shown.await_address("level=ERROR")
    shown.chip("ERROR").click()
    expect(shown.count).to_have_text("1,000,000 lines")
    shown.await_address("")


def test_levels_and_steps(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(
        log("one", "DEBUG"), log("two", step=ENTITY), log("three", "WARNING", step="my own"), log("four", "CRITICAL")
    )
    shown = LogOnPage(new_page, service, run)
    shown.await_rows(1, 2, 3, 4)
    shown.chip("WARNING").click()
    shown.await_rows(3)
    shown.chip("CRITICAL").click()
    shown.await_rows(3, 4)
    step = shown.page.get_by_label("Step")
    step.select_option("my own")
    shown.await_rows(3)
    shown.await_address("level=WARNING&level=CRITICAL&step=my+own")
    shown.chip("WARNING").click()
    expect(shown.element).to_contain_text("No lines match.")
    shown.chip("CRITICAL").click()
    shown.await_rows(3)
    step.select_option("")
    shown.await_rows(1, 2, 3, 4)


def test_a_step_of_a_million_lines(service: Service, new_page: NewPage, long_run: Run) -> None:
    shown = LogOnPage(new_page, service, long_run, f"?step={ENTITY}")
    shown.await_in_sight(MILLION // 2)
    shown.page.keyboard.press("Home")
    shown.await_in_sight(1)


def test_the_place_stays_when_the_filter_changes(service: Service, new_page: NewPage, long_run: Run) -> None:
    shown = LogOnPage(new_page, service, long_run, f"#L{ERROR_EVERY * 4}")
    shown.await_in_sight(ERROR_EVERY * 4)
    shown.chip("ERROR").click()
    shown.await_in_sight(ERROR_EVERY * 4)
    shown.chip("ERROR").click()
    shown.await_in_sight(ERROR_EVERY * 4)


def test_the_place_stays_when_the_filter_changes_again_before_its_lines_have_come(
    service: Service, new_page: NewPage, long_run: Run
) -> None:
    shown = LogOnPage(new_page, service, long_run, f"#L{ERROR_EVERY * 4}")
    shown.await_in_sight(ERROR_EVERY * 4)
    shown.page.evaluate(
        "for (const level of ['WARNING', 'WARNING'])"
        " [...document.querySelectorAll('#log button')].find((chip) => chip.textContent.startsWith(level)).click()"
    )
    shown.await_in_sight(ERROR_EVERY * 4)


def test_search(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(
        *[log("Nothing here")] * 150,
        log("a Needle-x (1.5)"),
        *[log("Nothing here")] * 150,
        log("needle-x (1.5) needle-x (1.5)"),
    )
    shown = LogOnPage(new_page, service, run)
    shown.search.fill("needle-x (1.5)")
    expect(shown.count).to_have_text("302 lines · 2 matches")
    expect(shown.row(302).locator("mark")).to_have_text(["needle-x (1.5)"] * 2)
    shown.search.press("Enter")
    shown.await_selected(302)
    shown.search.press("Shift+Enter")
    shown.await_selected(151)
    shown.await_in_sight(151, "a Needle-x (1.5)")
    expect(shown.row(151).locator("mark")).to_have_text("Needle-x (1.5)")
    shown.page.get_by_role("button", name="Previous match").click()
    shown.await_selected(302)
    expect(shown.notice).to_have_text("Search continued from the last line.")
    shown.page.get_by_role("button", name="Next match").click()
    shown.await_selected(151)
    expect(shown.notice).to_have_text("Search continued from the first line.")
    shown.page.get_by_label("Matches only").check()
    shown.await_rows(151, 302)
    expect(shown.count).to_have_text("2 of 302 lines")
    shown.search.fill("no such thing")
    expect(shown.element).to_contain_text("No lines match.")
    shown.search.press("Enter")
    expect(shown.notice).to_have_text("No match.")
    expect(shown.page.locator("#announcer")).to_have_text("No match.")


def test_search_in_a_million_lines(service: Service, new_page: NewPage, long_run: Run) -> None:
    shown = LogOnPage(new_page, service, long_run, "?search=line+42424")
    shown.await_in_sight(MILLION)
    shown.page.keyboard.press("N")
    shown.await_in_sight(424249)
    shown.page.keyboard.press("n")
    shown.await_in_sight(42424)


def test_a_search_that_takes_too_long_goes_on_when_asked(hasty_service: Service, chromium: Browser) -> None:
    operator = hasty_service.client(hasty_service.token("operator"))
    run = Run(operator, create_domain(operator))
    fill_log(hasty_service, run, 5000, 1000)

    def found(low: int) -> int:
        return sum("00" in str(n) for n in range(low, 5001))

    with chromium.new_context() as context:
        page = context.new_page()
        shown = LogOnPage(signed_in(page, hasty_service), hasty_service, run, "?search=00&only=matching")
        expect(shown.count).to_have_text(f"at least {found(3001)} lines, searched back to line 3,001")
        shown.await_in_sight(5000)
        page.get_by_role("button", name="Continue searching").click()
        expect(shown.count).to_have_text(f"at least {found(1001)} lines, searched back to line 1,001")
        page.get_by_role("button", name="Continue searching").click()
        expect(shown.count).to_have_text(f"{found(1)} of 5,000 lines")
        expect(page.get_by_role("button", name="Continue searching")).to_be_hidden()
        page.keyboard.press("Home")
        shown.await_in_sight(100)
        shown.await_in_sight(300)


def test_the_address_keeps_everything(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*[log(f"line {n}", "WARNING" if n % 2 else "INFO", step=RELATION) for n in range(1, 301)])
    shown = LogOnPage(new_page, service, run, "?other=1")
    shown.chip("WARNING").click()
    shown.page.get_by_label("Step").select_option(RELATION)
    shown.search.fill("line 1")
    shown.page.get_by_label("Matches only").check()
    expect(shown.count).to_have_text("56 of 300 lines")
    shown.page.keyboard.press("Escape")
    shown.scroller.focus()
    shown.page.keyboard.press("Home")
    shown.number(15).click()
    shown.number(19).click(modifiers=["Shift"])
    query = f"other=1&level=WARNING&step={RELATION}&search=line+1&only=matching"
    shown.await_address(query, "L15-L19")
    shown.page.reload()
    shown.await_in_sight(15)
    shown.await_selected(15, 17, 19)
    expect(shown.chip("WARNING")).to_have_attribute("aria-pressed", "true")
    expect(shown.page.get_by_label("Step")).to_have_value(RELATION)
    expect(shown.search).to_have_value("line 1")
    expect(shown.page.get_by_label("Matches only")).to_be_checked()
    expect(shown.count).to_have_text("56 of 300 lines")


def test_what_retention_has_left(service: Service, new_page: NewPage, run: Run) -> None:
    fill_log(service, run, 1000, 1000)
    drop_prefix(service, run, 301)
    shown = LogOnPage(new_page, service, run)
    shown.await_in_sight(1000)
    expect(shown.count).to_have_text("700 lines")
    shown.page.keyboard.press("Home")
    shown.await_in_sight(301)
    # What goes while the log is open goes from its top, and what is in sight stays.
    shown.number(310).click()
    drop_prefix(service, run, 306)
    shown.scroll_to(0.5)
    shown.await_in_sight(655)
    expect(shown.count).to_have_text("695 lines")
    shown.page.keyboard.press("Home")
    shown.await_in_sight(306)


def test_the_first_error_of_a_failed_run(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(
        *[log(f"line {n}") for n in range(1, 200)],
        log("no entities found", "ERROR"),
        *[log("later")] * 200,
        fail("it broke"),
    )
    shown = LogOnPage(new_page, service, run, "?level=INFO")
    shown.page.get_by_role("button", name="Show the first error in the log").click()
    shown.await_selected(200)
    shown.await_in_sight(200, "no entities found")
    expect(shown.details).to_contain_text("no entities found")


def test_the_service_comes_back(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*[log(f"line {n}") for n in range(1, 1000)])
    shown = LogOnPage(new_page, service, run)
    shown.await_in_sight(999)
    service.terminate()
    shown.scroll_to(0)
    expect(shown.notice).to_contain_text("Could not load the log")
    service.start()
    shown.await_in_sight(1)
    expect(shown.notice).to_have_text("")


def test_new_lines_that_could_not_be_counted_are_counted_again(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*[log(f"line {n}", level="ERROR" if n % 2 else "INFO") for n in range(1, 7)])
    page = new_page(service.url)
    busy = {"detail": "Too busy."}
    page.route("**/training-logs*", lambda route: route.fulfill(status=503, json=busy), times=1)
    received = page.evaluate(
        """async ([domain, number]) => {
            const scripts = document.querySelector("script[src*=domains_page]").src.replace(/[^/]*$/, "");
            const {FilteredLog} = await import(`${scripts}log/filtered_log.js`);
            const {LogApi} = await import(`${scripts}log/log_api.js`);
            const {Service} = await import(`${scripts}service.js`);
            const source = new LogApi(new Service(), domain, number, () => {});
            const heard = [];
            await new Promise(resolve => {
                const list = new FilteredLog(source, {level: ["ERROR"], step: "", search: ""}, 1, 0, {
                    onChange() {}, onShift() {},
                    onTrouble: error => heard.push(error && error.message),
                    onGrowth: rows => { heard.push(rows, list.total); resolve(); },
                });
                list.grow(6);
            });
            return heard;
        }""",
        [run.domain, run.number],
    )
    assert received == ["Too busy.", None, 3, 3]


def test_download(service: Service, new_page: NewPage, run: Run, tmp_path: Path) -> None:
    run.send(log("one", "ERROR"), log("two"), log("three", "ERROR"))
    shown = LogOnPage(new_page, service, run)
    shown.chip("ERROR").click()
    shown.await_rows(1, 3)
    with shown.page.expect_download() as download:
        shown.page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "log")
    assert [line.split(" ", 1)[1] for line in (tmp_path / "log").read_text().splitlines()] == [
        "ERROR one",
        "ERROR three",
    ]
