"""The log on a run's page, as a test sees it."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.support.running_service import Service
from tests.support.runs import Run

LIMIT_MS = 30_000
expect.set_options(timeout=LIMIT_MS)

_IS_IN_SIGHT = """seq => {
    const row = document.getElementById(`log-line-${seq}`)?.getBoundingClientRect();
    const scroller = document.querySelector(".log-scroller").getBoundingClientRect();
    return row && row.top >= scroller.top && row.bottom <= scroller.bottom;
}"""

_FIRST_IN_SIGHT = """() => {
    const top = document.querySelector(".log-scroller").getBoundingClientRect().top;
    const rows = [...document.querySelectorAll(".log-row")];
    return Number(rows.find(row => row.getBoundingClientRect().top >= top)?.id.replace("log-line-", ""));
}"""

NewPage = Callable[[str], Page]


class LogOnPage:
    """The log of a run on its page, opened and ready."""

    def __init__(self, new_page: NewPage, service: Service, run: Run, below: str = "") -> None:
        self.page = new_page(f"{service.url}/domains/{run.domain}/runs/{run.number}{below}")
        self.element = self.page.locator("#log")
        self.scroller = self.page.get_by_role("grid", name="Log lines")
        self.search = self.page.get_by_label("Search log messages")
        self.latest = self.page.get_by_role("button", name=re.compile("Jump to latest"))
        self.details = self.page.get_by_role("region", name="Selected line")
        self.count = self.element.locator(".log-count")
        self.notice = self.element.locator(".log-notice")
        expect(self.count).not_to_be_empty()

    def row(self, seq: int) -> Locator:
        return self.page.locator(f"#log-line-{seq}")

    def message(self, seq: int) -> Locator:
        return self.row(seq).locator(".log-message")

    def number(self, seq: int) -> Locator:
        return self.row(seq).locator(".log-number")

    def chip(self, level: str) -> Locator:
        return self.page.get_by_role("button", name=re.compile(f"{level} "))

    def await_rows(self, *seqs: int) -> None:
        """Await that exactly these are shown, of a list so short that all of it is in sight."""
        expect(self.element.locator(".log-number")).to_have_text([str(seq) for seq in seqs])
        expect(self.element.locator(".log-awaited")).to_have_count(0)

    def await_in_sight(self, seq: int, message: str | None = None) -> None:
        """Await that the row is in sight, with its message."""
        expect(self.message(seq)).to_have_text(message or f"line {seq}")
        self.page.wait_for_function(_IS_IN_SIGHT, arg=seq)

    def scroll_to(self, fraction: float) -> None:
        """As somebody does who drags the scroll bar."""
        self.scroller.evaluate(
            "(scroller, fraction) => { scroller.scrollTop = scroller.scrollHeight * fraction; }", fraction
        )

    def wheel(self, pixels: int) -> None:
        self.scroller.hover()
        self.page.mouse.wheel(0, pixels)

    def first_in_sight(self) -> int:
        """The first row that is wholly in sight."""
        return self.page.evaluate(_FIRST_IN_SIGHT)  # type: ignore[no-any-return]

    def await_first_in_sight(self, seq: int) -> None:
        self.page.wait_for_function(f"seq => ({_FIRST_IN_SIGHT})() === seq", arg=seq)

    def rows_in_document(self) -> int:
        return self.page.locator(".log-row").count()

    def selected(self) -> list[int]:
        texts = self.element.locator("[aria-selected=true] .log-number").all_inner_texts()
        return [int(text) for text in texts]

    def await_selected(self, *seqs: int) -> None:
        expect(self.element.locator("[aria-selected=true] .log-number")).to_have_text([str(seq) for seq in seqs])

    def await_address(self, query: str, fragment: str = "") -> None:
        """Await that the address has exactly this query and this fragment."""

        def is_it(address: str) -> bool:
            parts = urlsplit(address)
            return (parts.query, parts.fragment) == (query, fragment)

        self.page.wait_for_url(is_it)
