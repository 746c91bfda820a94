"""A release changes the names of the modules that it changes, and of those that import them."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.changed_project import ChangedProject
from tests.support.running_service import Service

CHANGED = "training_status/static/dashboard/js/format.js"
_NAME = re.compile(r'/static/dashboard/js/([\w/]+)\.([0-9a-f]{12})\.js"')


@pytest.fixture
def project(tmp_path: Path) -> ChangedProject:
    return ChangedProject(tmp_path)


@pytest.fixture
def released(project: ChangedProject) -> Iterator[Service]:
    """A service of a project that the test changes."""
    service = Service()
    service.project = project.folder
    try:
        service.start()
        yield service
    finally:
        service.stop()
    assert not service.complaints


def modules(browser: httpx.Client) -> dict[str, str]:
    """The hash of each module that the page of the domains names, and imports."""
    page = browser.get("/").text
    assert not re.search(r"/static/[\w/]+\.(js|css|svg)", page), "a name without a hash"
    named = dict(_NAME.findall(page))
    for name, digest in named.items():
        text = browser.get(f"/static/dashboard/js/{name}.{digest}.js").raise_for_status().text
        for imported in re.findall(r'^import .*? from "(.*)";$', text, re.MULTILINE):
            assert re.fullmatch(r"\.{1,2}/[\w/]+\.[0-9a-f]{12}\.js", imported), (name, imported)
            assert tuple(imported.rsplit("/", 1)[1].split(".")[:2]) in {
                (name.rsplit("/", 1)[-1], digest) for name, digest in named.items()
            }
    return named


def test_a_release_gives_new_names_to_what_it_changes(project: ChangedProject, released: Service) -> None:
    before = modules(released.sign_in())
    released.terminate()
    project.replace(
        CHANGED, "export function formatMetric", "export const RELEASE = 2;\n\nexport function formatMetric"
    )
    released.start()
    browser = released.sign_in()
    after = modules(browser)
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert {"format", "domains_page"} <= changed
    assert "addresses" not in changed, "it imports nothing, so it can stay in caches"
    for name in changed:
        old = browser.get(f"/static/dashboard/js/{name}.{before[name]}.js")
        assert (old.status_code, "immutable" in old.headers["cache-control"]) == (200, True)
        assert "RELEASE" not in old.text
    assert "RELEASE" in browser.get(f"/static/dashboard/js/format.{after['format']}.js").text
