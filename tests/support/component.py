"""The web component as it was built."""

from playwright.sync_api import Page

from tests.support.programs import missing
from tests.support.project import PROJECT

SCRIPT = PROJECT / "clients" / "component" / "dist" / "domain-training-progress.js"


def load(page: Page) -> None:
    if not SCRIPT.exists():
        missing(f"There is no {SCRIPT.name}: make clients builds it.")
    page.add_script_tag(content=SCRIPT.read_text(), type="module")
