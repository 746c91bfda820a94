"""Two texts line by line: every line of both is there once, in order, and what they share stands together."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support.pages import EMPTY_PAGE
from tests.support.running_service import Service

_DIFF = """async ([left, right]) => {
    const {lineDiff} = await import("/static/dashboard/js/history/line_diff.js");
    return lineDiff(left, right).map(row => [row.kind, row.left, row.right]);
}"""


@pytest.fixture
def page(service: Service, new_page: Callable[[str], Page]) -> Page:
    return new_page(f"{service.url}{EMPTY_PAGE}")


@pytest.mark.parametrize(
    ("left", "right", "kinds"),
    [
        ("a\nb\nc", "a\nb\nc", ["same", "same", "same"]),
        ("a\nb\nc", "a\nx\nc", ["same", "changed", "same"]),
        ("a\nc", "a\nb\nc", ["same", "right", "same"]),
        ("a\nb\nc", "a\nc", ["same", "left", "same"]),
        ("a\nb", "b\na", ["left", "same", "right"]),
        ("", "a", ["changed"]),
        ("a\nb\nc\nd\ne", "b\nx\nd\nf\ne", ["left", "same", "changed", "same", "right", "same"]),
        ("a\na\na", "a\na", ["same", "same", "left"]),
    ],
)
def test_what_stands_side_by_side(page: Page, left: str, right: str, kinds: list[str]) -> None:
    rows = page.evaluate(_DIFF, [left, right])
    assert [kind for kind, _, _ in rows] == kinds
    assert [line for _, line, _ in rows if line is not None] == left.split("\n")
    assert [line for _, _, line in rows if line is not None] == right.split("\n")


def test_long_texts_without_anything_in_common_take_no_time(page: Page) -> None:
    left, right = ("\n".join(f"{side}{n}" for n in range(20_000)) for side in "ab")
    rows = page.evaluate(_DIFF, [f"same\n{left}\nend", f"same\n{right}\nend"])
    assert [kind for kind, _, _ in rows] == ["same", *["changed"] * 20_000, "same"]
