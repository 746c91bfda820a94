"""What the component's README shows, run as it stands there."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.component import SCRIPT
from tests.support.other_origins import Origins
from tests.support.programs import missing
from tests.support.project import PROJECT
from tests.support.running_service import Service
from tests.support.runs import Run, complete, phase, progress

README = PROJECT / "clients" / "component" / "README.md"

# The page around an example: where the package is, and the two functions that are the reader's own.
_AROUND = """<!doctype html><html lang="en"><title>Elsewhere</title>
<script type="importmap">{"imports": {"aegis-training-progress": "/aegis-training-progress.js"}}</script>
<script>
    window.notified = [];
    const tokenOfThisUser = async () => "TOKEN", notify = status => notified.push(status.status);
</script>
"""
_WITH_TOKEN = """<script type="module">
    import "aegis-training-progress";
    document.querySelector("domain-training-progress").token = await tokenOfThisUser();
</script>"""


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.fixture
def open_example(chromium: Browser, service: Service, origins: Origins, run: Run) -> Iterator[Callable[[str], Page]]:
    """A function that opens an example as a page of another origin."""
    if not SCRIPT.exists():
        missing(f"There is no {SCRIPT.name}: make clients builds it.")
    with chromium.new_context(base_url=origins.listed) as context:

        def open_page(html: str) -> Page:
            page = context.new_page()
            whole = _AROUND.replace("TOKEN", service.token("viewer")) + html
            shown = whole.replace("https://status.example", service.url).replace('"medical"', f'"{run.domain}"')
            page.route("/aegis-training-progress.js", lambda route: route.fulfill(path=SCRIPT))
            page.goto("/")
            page.evaluate("html => { document.open(); document.write(html); document.close(); }", shown)
            return page

        yield open_page


def test_the_first_example(open_example: Callable[[str], Page], run: Run) -> None:
    page = open_example(examples("html")[0])
    run.send(phase("loading_data"), progress(0.5))
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "7")
    run.send(complete())
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    assert page.evaluate("notified") == ["completed"]


def test_parts_in_places_of_one_s_own(open_example: Callable[[str], Page], run: Run) -> None:
    run.send(phase("loading_data"), progress(0.5, metrics={"samples": 120}))
    page = open_example(examples("html")[1] + _WITH_TOKEN)
    expect(page.locator("header").get_by_text("training", exact=True)).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "7")
    expect(page.locator("aside")).to_contain_text("120")


def test_looks(open_example: Callable[[str], Page], run: Run) -> None:
    run.send(phase("loading_data"))
    styles = "".join(f"<style>{style}</style>" for style in examples("css"))
    page = open_example(examples("html")[0] + styles)
    expect(page.locator(".state.training")).to_have_css("color", "rgb(102, 51, 153)")
    expect(page.locator("training-log .card")).to_have_css("border-top-width", "0px")
    expect(page.locator("training-progress .card")).to_have_css("border-top-width", "1px")
