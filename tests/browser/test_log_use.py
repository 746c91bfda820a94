"""Using the log on a run's page: following it, its keys, copying, and what messages may contain."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.domains import create_domain
from tests.support.log_on_page import LogOnPage
from tests.support.running_service import Service
from tests.support.runs import Run, log, progress

NewPage = Callable[[str], Page]


def lines(low: int, high: int) -> list[dict[str, object]]:
    return [log(f"line {n}") for n in range(low, high + 1)]


def test_it_follows_until_somebody_scrolls_up(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*lines(1, 200))
    shown = LogOnPage(new_page, service, run)
    shown.await_in_sight(200)
    run.send(*lines(201, 400))
    shown.await_in_sight(400)
    expect(shown.latest).to_be_hidden()

    shown.wheel(-1600)
    expect(shown.latest).to_have_text("Jump to latest")
    shown.await_in_sight(300)
    run.send(*lines(401, 403))
    expect(shown.latest).to_have_text("Jump to latest (3 new)")
    shown.await_in_sight(300)
    shown.latest.click()
    shown.await_in_sight(403)
    expect(shown.latest).to_be_hidden()
    run.send(*lines(404, 404))
    shown.await_in_sight(404)

    shown.wheel(-1600)
    run.send(*lines(405, 405))
    expect(shown.latest).to_have_text("Jump to latest (1 new)")
    shown.page.keyboard.press("End")
    shown.await_in_sight(405)

    # Whoever scrolls back to the end is there to stay.
    shown.wheel(-1600)
    expect(shown.latest).to_be_visible()
    shown.wheel(3200)
    expect(shown.latest).to_be_hidden()
    run.send(*lines(406, 600))
    shown.await_in_sight(600)


def test_a_filtered_log_is_followed_too(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*lines(1, 10), log("a Warning", "WARNING"))
    shown = LogOnPage(new_page, service, run, "?search=warning&only=matching")
    shown.await_rows(11)
    run.send(log("not this"), log("WARNING: hot", "WARNING"), log("nor this"))
    shown.await_rows(11, 13)
    expect(shown.count).to_have_text("2 of 14 lines")
    expect(shown.chip("WARNING")).to_have_text("WARNING 2")


def test_the_log_of_the_next_run(service: Service, new_page: NewPage) -> None:
    """A domain's page moves on from run to run, and with it the log in the same frame."""
    operator = service.client(service.token("operator"))
    domain = create_domain(operator)
    page = new_page(f"{service.url}/domains/{domain}")
    expect(page.get_by_role("heading", name="No training runs yet")).to_be_visible()
    for message in ("of the first run", "of the second run"):
        Run(operator, domain).send(*lines(1, 200), log(message), log("broken", "ERROR"))
        expect(page.locator("#log-line-201 .log-message")).to_have_text(message)
        expect(page.get_by_role("button", name="ERROR")).to_have_count(1)
        page.keyboard.press("e")
        expect(page.locator("[aria-selected=true] .log-message")).to_have_text("broken")
        expect(page.get_by_role("region", name="Selected line")).to_contain_text("Line 202")
        page.wait_for_url("**#L202")
    assert page.evaluate("() => document.querySelectorAll('select[data-part=step] option').length") == 8


def test_clicking_lines(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*lines(1, 8), progress(0.4, message="trial 4", metrics={"entity_f1": 0.71234, "note": "good"}))
    shown = LogOnPage(new_page, service, run)
    shown.number(9).click()
    shown.await_selected(9)
    shown.await_address("", "L9")
    for text in ("Line 9", "INFO", "initialization", "entity f1", "0.7123", "note", "good", "trial 4"):
        expect(shown.details).to_contain_text(text)
    shown.number(3).click()
    shown.number(6).click(modifiers=["Shift"])
    shown.await_selected(3, 4, 5, 6)
    shown.await_address("", "L3-L6")
    shown.number(2).click(modifiers=["Shift"])
    shown.await_selected(2, 3)
    shown.page.get_by_role("button", name="Close", exact=True).click()
    shown.await_selected()
    shown.await_address("")
    expect(shown.details).to_be_hidden()


def test_copying(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(
        log("one", timestamp="2026-01-20T15:05:00Z"),
        log("\x1b[31mtwo\x1b[0m", "ERROR", timestamp="2026-01-20T15:05:01Z", step="my own"),
        log("three"),
    )
    shown = LogOnPage(new_page, service, run)
    shown.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown.number(1).click()
    shown.number(2).click(modifiers=["Shift"])
    copied = "2026-01-20T15:05:00Z INFO one\n2026-01-20T15:05:01Z ERROR [my own] two\n"
    shown.page.get_by_role("button", name="Copy lines").click()
    expect(shown.notice).to_have_text("Copied 2 lines.")
    assert clipboard(shown.page) == copied
    shown.page.get_by_role("button", name="Copy link").click()
    expect(shown.notice).to_have_text("Copied the link.")
    assert clipboard(shown.page) == f"{service.url}/domains/{run.domain}/runs/{run.number}#L1-L2"
    shown.scroller.press("Control+c")
    expect(shown.notice).to_have_text("Copied 2 lines.")
    assert clipboard(shown.page) == copied


def clipboard(page: Page) -> str:
    return page.evaluate("() => navigator.clipboard.readText()")  # type: ignore[no-any-return]


def test_copying_without_a_secure_address(service: Service, new_page: NewPage, run: Run) -> None:
    """Where the service is at `http://a-host`, browsers have no `navigator.clipboard`."""
    run.send(log("one", timestamp="2026-01-20T15:05:00Z"))
    shown = LogOnPage(new_page, service, run)
    shown.page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    shown.number(1).click()
    shown.page.get_by_role("button", name="Copy line").click()
    expect(shown.notice).to_have_text("Copied 1 line.")
    shown.search.focus()
    shown.page.keyboard.press("Control+v")
    expect(shown.search).to_have_value("2026-01-20T15:05:00Z INFO one")


def test_the_keys(service: Service, new_page: NewPage, run: Run) -> None:
    error, critical = log("broken", "ERROR"), log("very broken", "CRITICAL")
    run.send(*lines(1, 100), error, *lines(102, 200), critical, *lines(202, 300), log("a needle"), *lines(302, 400))
    shown = LogOnPage(new_page, service, run)
    shown.await_in_sight(400)
    press = shown.page.keyboard.press

    press("e")
    shown.await_selected(101)
    press("e")
    shown.await_selected(201)
    shown.await_in_sight(201, "very broken")
    press("E")
    shown.await_selected(101)

    press("/")
    expect(shown.search).to_be_focused()
    shown.page.keyboard.type("needle/n?")
    expect(shown.search).to_have_value("needle/n?")  # keys are text there
    expect(shown.page.get_by_role("dialog")).to_be_hidden()
    shown.search.fill("needle")
    expect(shown.count).to_contain_text("1 match")
    shown.scroller.focus()
    press("n")
    shown.await_selected(301)
    press("Home")
    shown.await_in_sight(1)
    press("End")
    shown.await_in_sight(400)
    follow = shown.page.get_by_role("button", name="Follow")
    expect(follow).to_have_attribute("aria-pressed", "true")
    press("f")
    expect(follow).to_have_attribute("aria-pressed", "false")
    press("f")
    expect(follow).to_have_attribute("aria-pressed", "true")


def test_the_keys_can_be_turned_off(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*lines(1, 3), log("broken", "ERROR"))
    shown = LogOnPage(new_page, service, run)
    dialog = shown.page.get_by_role("dialog")
    shown.page.keyboard.press("?")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Enable the shortcuts").uncheck()
    dialog.get_by_role("button", name="Close").click()
    shown.page.reload()
    shown.await_rows(1, 2, 3, 4)
    shown.page.keyboard.press("e")
    shown.page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    assert shown.selected() == []
    shown.page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_label("Enable the shortcuts").check()
    shown.page.keyboard.press("Escape")
    shown.page.keyboard.press("e")
    shown.await_selected(4)


def test_by_keyboard_alone(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*lines(1, 200))
    shown = LogOnPage(new_page, service, run)
    shown.await_in_sight(200)
    press = shown.page.keyboard.press
    press("/")
    while not shown.scroller.evaluate("scroller => scroller === document.activeElement"):
        assert shown.element.evaluate("element => element.contains(document.activeElement)"), "past the lines"
        press("Tab")
    press("ArrowUp")
    shown.await_selected(200)
    expect(shown.scroller).to_have_attribute("aria-activedescendant", "log-line-200")
    for _ in range(60):
        press("ArrowUp")
    shown.await_selected(140)
    shown.await_in_sight(140)
    expect(shown.scroller).to_have_attribute("aria-activedescendant", "log-line-140")
    press("Shift+ArrowDown")
    shown.await_selected(140, 141)
    shown.await_address("", "L140-L141")
    press("Home")
    press("ArrowDown")
    shown.await_selected(1)
    press("Escape")
    shown.await_selected()
    expect(shown.details).to_be_hidden()
    expect(shown.scroller).to_be_focused()


def test_keys_that_come_faster_than_the_browser_draws(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*lines(1, 200))
    shown = LogOnPage(new_page, service, run)
    shown.await_in_sight(200)
    shown.scroller.evaluate(
        """scroller => {
          for (let presses = 0; presses < 61; presses++)
            scroller.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowUp"}));
        }"""
    )
    shown.await_selected(140)
    shown.await_in_sight(140)


MESSAGES = [
    "<img src=x onerror=\"document.title='broken into'\">",
    "\x1b[1;31mred\x1b[0m \x1b[38;5;208morange\x1b[39m \x1b[48;2;1;2;3;4mdark\x1b[m \x1b]0;a title\x07plain\x1b[2K",
    "first\nsecond\r\nthird\rfourth\x07",
    "\u202e\u2067reversed",
    "x" * 60_000,
]


def test_what_messages_may_contain(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*[log(message) for message in MESSAGES])
    shown = LogOnPage(new_page, service, run)
    shown.await_rows(1, 2, 3, 4, 5)
    expect(shown.message(1)).to_have_text(MESSAGES[0])
    assert shown.element.locator("img").count() == 0
    expect(shown.message(2)).to_have_text("red orange dark plain")
    expect(shown.message(3)).to_have_text("first⏎second⏎third⏎fourth␇")
    expect(shown.message(5)).to_have_text("x" * 1000 + "…")
    assert "broken into" not in shown.page.title()

    styles = (
        "span => { const s = getComputedStyle(span); return [s.fontWeight, s.backgroundColor, s.textDecorationLine]; }"
    )
    red = shown.message(2).locator("span", has_text="red")
    assert red.evaluate(styles)[0] == "700"
    assert red.get_attribute("class") == "ansi-bold"
    assert red.evaluate("span => getComputedStyle(span).color") == "rgb(180, 35, 24)"
    dark = shown.message(2).locator("span", has_text="dark")
    assert dark.evaluate(styles)[1:] == ["rgb(1, 2, 3)", "underline"]

    boxes = [shown.row(4).locator(f".log-{name}").bounding_box() for name in ("number", "time", "level", "message")]
    places = [box["x"] for box in boxes if box]
    assert len(places) == 4
    assert places == sorted(places)

    for seq, whole in ((3, "first\nsecond\nthird\nfourth␇"), (5, MESSAGES[4])):
        shown.number(seq).click()
        expect(shown.details.get_by_role("group", name="Message")).to_have_text(whole)
        assert shown.details.locator("pre").inner_text() == whole


def test_new_lines_are_read_aloud_only_when_asked(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*lines(1, 3))
    shown = LogOnPage(new_page, service, run)
    shown.await_rows(1, 2, 3)
    region = shown.page.get_by_role("log")
    expect(region).to_have_attribute("aria-live", "off")
    run.send(*lines(4, 4))
    shown.await_rows(1, 2, 3, 4)
    expect(region).to_be_empty()
    switch = shown.page.get_by_label("Announce new lines")
    switch.check()
    expect(region).to_have_attribute("aria-live", "polite")
    run.send(log("\x1b[31mbroken\x1b[0m", "ERROR"))
    expect(region).to_have_text("ERROR: broken")
    switch.uncheck()
    expect(region).to_have_attribute("aria-live", "off")
    expect(region).to_be_empty()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(service: Service, new_page: NewPage, run: Run, scheme: str, width: int) -> None:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    colours = "".join(f"\x1b[{code}m{code}\x1b[0m " for code in (*range(30, 38), *range(40, 48), *range(90, 98)))
    run.send(
        *[log(f"a {level} line", level, metrics={"f1": 0.5}) for level in levels], log(colours), log("more\nlines")
    )
    page = new_page("about:blank")
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})

    def open_page(address: str) -> Page:
        page.goto(address)
        return page

    shown = LogOnPage(open_page, service, run, "?search=line#L6")
    shown.await_rows(*range(1, 8))
    shown.await_selected(6)
    shown.scroller.focus()
    assert violations(page) == []
    shown.search.fill("no such thing")
    page.get_by_label("Matches only").check()
    expect(shown.element).to_contain_text("No lines match.")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert violations(page) == []
