"""All packages, the API and the changelog name the same version."""

import json
import re
from collections.abc import Callable

import pytest
from django.conf import settings

VERSION = settings.SPECTACULAR_SETTINGS["VERSION"]
WHERE: dict[str, Callable[[str], str]] = {
    "CHANGELOG.md": lambda text: re.findall(r"^## \[(\d\S+)\] - \d{4}-\d\d-\d\d$", text, re.MULTILINE)[0],
    "openapi.yaml": lambda text: re.findall(r"^  version: (\S+)$", text, re.MULTILINE)[0],
    "clients/python/src/aegis_tracker/version.py": lambda text: re.findall(r'^VERSION = "(\S+)"$', text, re.MULTILINE)[
        0
    ],
    "clients/typescript/package.json": lambda text: json.loads(text)["version"],
    "clients/component/package.json": lambda text: json.loads(text)["version"],
}


@pytest.mark.parametrize("name", WHERE)
def test_the_version(name: str) -> None:
    assert WHERE[name]((settings.BASE_DIR / name).read_text()) == VERSION


def test_every_version_has_a_link() -> None:
    text = (settings.BASE_DIR / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## \[(\S+)\]", text, re.MULTILINE)
    assert re.findall(r"^\[(\S+)\]: \S", text, re.MULTILINE) == headings
