"""What axe finds wrong with a page."""

from playwright.sync_api import Page

from tests.support.programs import missing
from tests.support.project import PROJECT

_SCRIPT = PROJECT / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    """Every violation, with the elements that it is about. Without axe the test is skipped, but in CI it fails."""
    if not _SCRIPT.exists():
        missing("There is no axe-core in node_modules: npm ci installs it.")
    page.evaluate(_SCRIPT.read_text())
    found = page.evaluate("() => axe.run()")
    return [
        f"{violation['id']}: {violation['help']}: {[node['html'][:200] for node in violation['nodes']]}"
        for violation in found["violations"]
    ]
