"""The modules of a page: all asked for at once, kept by the browser, and of one release."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.support.changed_project import ChangedProject
from tests.support.optimizer_events import evaluation
from tests.support.pages import LIMIT_MS, sign_in
from tests.support.running_service import Service
from tests.support.runs import Run

CHANGED = "training_status/static/dashboard/js/dom.js"
_MODULE = re.compile(r"/static/dashboard/js/[\w/]+\.[0-9a-f]{12}\.js")
_PRELOADED = """() => [...document.querySelectorAll('link[rel=modulepreload], script[type=module][src]')]
    .map(element => new URL(element.href ?? element.src).pathname)"""
_FETCHED = """() => performance.getEntriesByType("resource").filter(entry => entry.name.endsWith(".js"))
    .map(entry => [new URL(entry.name).pathname, entry.transferSize])"""


def fetched(page: Page) -> dict[str, int]:
    """The paths of the scripts of a loaded page, and how many bytes of each came over the network."""
    return dict(page.evaluate(_FETCHED))


@pytest.mark.parametrize("path", ["/", "/domains/{domain}", "/domains/{domain}/history"])
def test_a_page_names_every_module_that_it_loads(
    quiet_page: Callable[[str], Page], service: Service, run: Run, path: str
) -> None:
    page = quiet_page(service.url + path.format(domain=run.domain))
    scripts = fetched(page)
    assert len(scripts) > 10
    assert sorted(scripts) == sorted(page.evaluate(_PRELOADED))
    assert all(_MODULE.fullmatch(script) for script in scripts)


def test_a_page_names_every_module_that_it_loads_later(
    quiet_page: Callable[[str], Page], service: Service, run: Run
) -> None:
    """At once, when a run has something to show that needs them."""
    run.send(evaluation("a"))
    page = quiet_page(f"{service.url}/domains/{run.domain}")
    page.get_by_role("slider").wait_for()
    scripts = fetched(page)
    assert len([script for script in scripts if "/optimisation/" in script]) > 10
    assert sorted(scripts) == sorted(page.evaluate(_PRELOADED))


def test_a_browser_asks_for_a_module_once(
    chromium: Browser, session_of_operator: StorageState, service: Service, run: Run
) -> None:
    with chromium.new_context(storage_state=session_of_operator) as context:  # with an empty cache
        page = context.new_page()
        page.goto(f"{service.url}/domains/{run.domain}")
        assert all(fetched(page).values())
        page.goto(f"{service.url}/domains/{run.domain}/history")
        shared = fetched(page)
        page.goto(f"{service.url}/domains/{run.domain}")
        assert not any(fetched(page).values())
        assert len([size for size in shared.values() if not size]) > 5


def test_modules_of_two_releases_are_never_mixed(chromium: Browser, tmp_path: Path) -> None:
    project = ChangedProject(tmp_path)
    service = Service()
    service.project = project.folder
    try:
        service.start()
        with chromium.new_context() as context:
            context.set_default_timeout(LIMIT_MS)
            page = context.new_page()
            sign_in(page, service)
            before = fetched(page)
            service.terminate()
            project.replace(CHANGED, "export function make(", "export const RELEASE = 2;\n\nexport function make(")
            service.start()

            # The old page still has the modules that it was loaded with, even where the browser has forgotten them.
            old = next(path for path in before if "/dom." in path)
            assert page.evaluate("async path => (await import(path)).RELEASE ?? 1", old) == 1
            status = page.evaluate("async path => (await fetch(path, {cache: 'reload'})).status", old)
            assert status == 200

            page.goto(service.url)
            after = fetched(page)
            changed = after.keys() - before.keys()
            assert {size > 0 for path, size in after.items() if path in changed} == {True}
            assert {size > 0 for path, size in after.items() if path not in changed} == {False}
            assert old not in after
            new = next(path for path in after if "/dom." in path)
            assert page.evaluate("async path => (await import(path)).RELEASE", new) == 2
    finally:
        service.stop()
