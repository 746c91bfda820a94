"""Texts that may hold anything, on the pages: colours, links, characters without a shape, right-to-left words, days."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.support.log_on_page import LogOnPage
from tests.support.pages import EMPTY_PAGE
from tests.support.running_service import Service
from tests.support.runs import Run, log, progress
from tests.support.visible_texts import LINES, TABLE, TEXTS

NewPage = Callable[[str], Page]

_TEXTS = """async texts => {
    const {visibleText, visibleTextWithTargets} = await import("/static/dashboard/js/visible_text.js");
    const {showMessage} = await import("/static/dashboard/js/log/message_text.js");
    return texts.map(({raw}) => {
        const element = document.createElement("pre");
        showMessage(element, raw, {marked: null});
        return [visibleText(raw), visibleTextWithTargets(raw), element.textContent];
    });
}"""
_HIDDEN = """async () => {
    const {visibleText} = await import("/static/dashboard/js/visible_text.js");
    const found = [];
    for (let code = 0; code < 0x110000; code++) {
        const text = String.fromCodePoint(code);
        if (text !== "\\u001b" && text !== "\\r" && visibleText(text) !== text) found.push(code);
    }
    return found;
}"""
_FOUND = """async texts => {
    const {matches} = await import("/static/dashboard/js/log/log_filter.js");
    const {searchPattern, showMessage} = await import("/static/dashboard/js/log/message_text.js");
    return texts.map(({raw, found = [], not_found = []}) => [...found, ...not_found].map(search => {
        const element = document.createElement("pre");
        showMessage(element, raw, {marked: searchPattern(search)});
        const marked = [...element.querySelectorAll("mark")].map(mark => mark.textContent).join("");
        return [matches({level: "INFO", step: null, message: raw}, {level: [], step: "", search}), marked !== ""];
    }));
}"""
_LINES = """async lines => {
    const {logText} = await import("/static/dashboard/js/log/log_text.js");
    return lines.map(({entry}) => logText(entry));
}"""
_CONTRASTS = """async messages => {
    const {showMessage} = await import("/static/dashboard/js/log/message_text.js");
    const rgb = text => text.match(/[\\d.]+/g).map(Number);
    const part = value => value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    const contrast = (one, other) => {
        const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05);
    };
    const log = document.createElement("div");
    log.className = "log";
    const row = document.createElement("div");
    row.className = "log-row log-info";
    const element = document.createElement("span");
    element.className = "log-message";
    row.append(element);
    log.append(row);
    document.body.append(log);
    const poor = [];
    for (const message of messages) {
        showMessage(element, message, {marked: null, cutAt: 1000});
        for (const ground of ["--paper", "--rest", "--chosen"]) {
            row.style.background = `var(${ground})`;
            const span = element.querySelector("span");
            const text = getComputedStyle(span ?? element);
            const hasOwn = text.backgroundColor !== "rgba(0, 0, 0, 0)";
            const own = hasOwn ? text.backgroundColor : getComputedStyle(row).backgroundColor;
            const ratio = contrast(rgb(text.color), rgb(own));
            if (ratio < 4.5 || text.opacity !== "1") poor.push([message, ground, text.color, own, ratio]);
        }
    }
    return poor;
}"""


@pytest.fixture
def empty_page(service: Service, new_page: NewPage) -> Page:
    return new_page(f"{service.url}{EMPTY_PAGE}")


def test_texts_are_shown_as_the_table_says(empty_page: Page) -> None:
    for text, (plain, with_targets, nodes) in zip(TEXTS, empty_page.evaluate(_TEXTS, TEXTS), strict=True):
        assert plain == text["shown"], text["name"]
        assert with_targets == text.get("with_targets", text["shown"]), text["name"]
        assert nodes == text["shown"], text["name"]


def test_every_character_is_hidden_or_shown_as_the_table_says(empty_page: Page) -> None:
    ranges = [(int(first, 16), int(last, 16)) for first, last in TABLE["without_a_shape"]]
    hidden = [number for first, last in ranges for number in range(first, last + 1) if number not in (0x1B, 0x0D)]
    assert empty_page.evaluate(_HIDDEN) == hidden


def test_the_live_filter_and_the_marks_find_what_the_service_finds(empty_page: Page) -> None:
    for text, results in zip(TEXTS, empty_page.evaluate(_FOUND, TEXTS), strict=True):
        expected = [True] * len(text.get("found", [])) + [False] * len(text.get("not_found", []))
        assert results == [[one, one] for one in expected], text["name"]


def test_copied_lines_are_those_of_a_download(empty_page: Page) -> None:
    assert empty_page.evaluate(_LINES, LINES) == [line["text"] for line in LINES]


def _coloured() -> Iterator[str]:
    """Every pair of the sixteen, the 256 on the page, and true colours on true colours; also dim and inverse."""
    sixteen = [*range(30, 38), *range(90, 98)]
    for style in ("", "2;", "7;", "2;7;"):
        for text in sixteen:
            yield f"\x1b[{style}{text}mx"
            yield f"\x1b[{style}{text + 10}mx"
            for ground in sixteen:
                yield f"\x1b[{style}{text};{ground + 10}mx"
        yield f"\x1b[{style}1mx"
    for number in range(256):
        yield f"\x1b[38;5;{number}mx"
        yield f"\x1b[48;5;{number}mx"
        yield f"\x1b[38;5;{number};48;5;{(number * 7) % 256}mx"
        yield f"\x1b[38;5;{number};48;5;{number}mx"
    steps = (0, 64, 118, 128, 192, 255)
    for red in steps:
        for green in steps:
            for blue in steps:
                yield f"\x1b[38;2;{red};{green};{blue}mx"
                yield f"\x1b[38;2;{red};{green};{blue};48;2;{blue};{red};{green}mx"
                yield f"\x1b[2;38;2;{red};{green};{blue};48;2;{red};{green};{blue}mx"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_colours_can_be_read(empty_page: Page, scheme: str) -> None:
    empty_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    empty_page.add_style_tag(url="/static/dashboard/log.css")
    messages = list(_coloured())
    assert len(messages) > 2500
    assert empty_page.evaluate(_CONTRASTS, messages) == []


def test_a_search_finds_the_text_shown_and_marks_it(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(log("\x1b[31mFAI\x1b[0mLED to load"), log("all is well"), log("\x1b[31mred\x1b[0m"))
    shown = LogOnPage(new_page, service, run, "?search=failed&only=matching")
    shown.await_rows(1)
    assert "".join(shown.message(1).locator("mark").all_inner_texts()) == "FAILED"
    run.send(log("\x9b1mFAI\x9bmLED again"))
    shown.await_rows(1, 4)
    shown.search.fill("31m")
    expect(shown.element).to_contain_text("No lines match.")


def test_links_are_told_and_followed_over_http_alone(service: Service, new_page: NewPage, run: Run) -> None:
    target = f"{service.url}/docs"
    run.send(
        log(f"see \x1b]8;;{target}\x1b\\the docs\x1b]8;;\x1b\\ now"),
        log("\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\ and \x1b]8;;data:text/html,x\x07here\x1b]8;;\x07"),
    )
    shown = LogOnPage(new_page, service, run)
    shown.await_rows(1, 2)
    link = shown.message(1).get_by_role("link", name="the docs")
    expect(link).to_have_attribute("href", target)
    expect(link).to_have_attribute("title", target)
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    with shown.page.expect_popup() as popup:
        link.click()
    popup.value.wait_for_url(target)
    popup.value.close()
    shown.await_selected()
    shown.number(1).click()
    told = shown.details.get_by_role("link", name=target)
    expect(told).to_have_attribute("href", target)
    told.focus()
    expect(told).to_be_focused()
    shown.number(2).click()
    expect(shown.details).to_contain_text("javascript:alert(1)")
    expect(shown.details).to_contain_text("data:text/html,x")
    assert shown.details.get_by_role("link").count() == 0
    assert shown.message(2).get_by_role("link").count() == 0


def test_nothing_that_a_reporter_says_is_hidden_or_acts_on_the_page(
    service: Service, new_page: NewPage, run: Run
) -> None:
    wild = "\x1b[31mred\x1b[0m \u202eDELIAF\u200b"
    shown = "red <U+202E>DELIAF<U+200B>"
    run.client.patch(f"/domains/{run.domain}", json={"description": f"About {wild}"})
    run.client.patch(f"/training-runs/{run.id}", json={"note": f"note {wild}", "tags": [wild]})
    run.send(progress(0.5, message=f"latest {wild}", metrics={wild: 0.5, "other": wild}))
    page = new_page(f"{service.url}/domains/{run.domain}/runs/{run.number}")
    expect(page.locator(".latest-message")).to_have_text(f"latest {shown}")
    expect(page.locator("main")).to_contain_text(f"About {shown}")
    expect(page.locator("#metrics")).to_contain_text(shown)
    run.send({"type": "fail", "error": f"first {wild}\nsecond"})
    expect(page.locator(".error-message")).to_have_text(f"first {shown}\nsecond")
    for address in ("/", f"/domains/{run.domain}/history", "/admin/training_status/trainingrun/"):
        page.goto(f"{service.url}{address}")
        expect(page.locator("body")).to_contain_text("failed")
        text = page.locator("body").inner_text()
        assert "\u202e" not in text
        assert "\x1b" not in text
    page.goto(f"{service.url}/domains/{run.domain}/history")
    expect(page.locator(".tags")).to_have_text(shown)
    expect(page.locator(".note")).to_have_text(f"note {shown}")
    expect(page.locator("#runs .error")).to_have_text(f"first {shown}")


def test_right_to_left_words_move_nothing_beside_them(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(
        log(
            "\u0641\u0634\u0644 (run 42) \u05e0\u05db\u05e9\u05dc", metrics={"\u05e6\u05d9\u05d5\u05df": 0.5, "f1": 0.7}
        )
    )
    shown = LogOnPage(new_page, service, run)
    shown.await_rows(1)
    boxes = [shown.row(1).locator(f".log-{name}").bounding_box() for name in ("number", "time", "level", "message")]
    boxes += [span.bounding_box() for span in shown.row(1).locator(".log-metrics span").all()]
    places = [box["x"] for box in boxes if box]
    assert len(places) == 8
    assert places == sorted(places)
    assert shown.message(1).evaluate("message => getComputedStyle(message).direction") == "rtl"


@pytest.fixture
def page_in_tokyo(chromium: Browser, session_of_operator: StorageState) -> Iterator[NewPage]:
    with chromium.new_context(storage_state=session_of_operator, timezone_id="Asia/Tokyo", locale="en-GB") as context:

        def open_page(address: str) -> Page:
            page = context.new_page()
            page.goto(address)
            return page

        yield open_page


def test_lines_of_different_days_say_which_day(service: Service, page_in_tokyo: NewPage, run: Run) -> None:
    moments = ["2024-12-31T14:59:58Z", "2024-12-31T14:59:59Z", "2024-12-31T15:00:01Z", "2024-12-31T15:00:02Z"]
    moments += ["2025-12-31T14:00:00Z", "2025-12-31T14:00:01Z"]
    run.send(*[log(f"line {n}", timestamp=moment) for n, moment in enumerate(moments, 1)])
    shown = LogOnPage(page_in_tokyo, service, run)
    shown.await_rows(1, 2, 3, 4, 5, 6)
    days = [shown.row(seq).locator(".log-day") for seq in range(1, 7)]
    for day, words in zip(days, ["31 Dec 2024", "", "1 Jan 2025", "", "31 Dec 2025", ""], strict=True):
        expect(day).to_have_text(words)
    assert {shown.row(seq).bounding_box()["height"] for seq in range(1, 7)} == {16}  # type: ignore[index]


def test_the_first_line_in_sight_says_its_day(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(*[log(f"line {n}", timestamp=f"2026-01-20T15:{n // 60:02}:{n % 60:02}Z") for n in range(1, 401)])
    shown = LogOnPage(new_page, service, run, "#L200")
    shown.await_in_sight(200)
    first = shown.first_in_sight()
    expect(shown.row(first).locator(".log-day")).to_contain_text("2026")
    expect(shown.row(first + 1).locator(".log-day")).to_have_text("")
    shown.scroll_to(0)
    shown.await_first_in_sight(1)
    expect(shown.row(1).locator(".log-day")).to_contain_text("2026")


def test_lines_of_today_say_their_time_alone(service: Service, new_page: NewPage, run: Run) -> None:
    now = datetime.now(UTC)
    run.send(log("yesterday", timestamp=(now - timedelta(days=1)).isoformat()), log("now"), log("now too"))
    shown = LogOnPage(new_page, service, run)
    shown.await_rows(1, 2, 3)
    expect(shown.row(1).locator(".log-day")).not_to_have_text("")
    expect(shown.row(2).locator(".log-day")).not_to_have_text("")
    expect(shown.row(3).locator(".log-day")).to_have_text("")
