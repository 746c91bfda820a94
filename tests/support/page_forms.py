"""A page as it stands open in somebody's browser, however much time passes until they press the button."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "textarea":
            self._textarea = given["name"]
            self.fields[self._textarea] = ""
        elif tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self.fields[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea is not None:
            self.fields[self._textarea] = self.fields[self._textarea].removeprefix("\n")
            self._textarea = None


def open_fields(browser: Client, path: str) -> dict[str, str]:
    """The fields of the page, hidden ones too, as a browser sends them when nobody has typed."""
    return fields_of(browser.get(path).content.decode())


def fields_of(page: str) -> dict[str, str]:
    """The same of a page that is there."""
    form = _Form()
    form.feed(page)
    return {name: value.replace("\n", "\r\n") for name, value in form.fields.items()}


def save(browser: Client, path: str, **typed: str) -> Any:
    """Open the page, type, and press the button."""
    return browser.post(path, {**open_fields(browser, path), **typed})
