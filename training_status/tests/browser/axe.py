"""What axe finds wrong with a page."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

_SCRIPT = Path(__file__).resolve().parents[3] / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    """Every violation, with the elements that it is about. Without axe the test is skipped, but in CI it fails."""
    if not _SCRIPT.exists():
        sentence = "axe-core is not installed (npm ci)."
        if os.getenv("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    page.evaluate(_SCRIPT.read_text())
    found = page.evaluate("() => axe.run()")
    return [
        f"{violation['id']}: {violation['help']}: {[node['html'][:200] for node in violation['nodes']]}"
        for violation in found["violations"]
    ]
