"""A real Chromium, the service that it visits, and the servers of two other origins."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from tests.support.domains import create_domain
from tests.support.other_origins import Origins, server_of_an_empty_page
from tests.support.pages import LIMIT_MS
from tests.support.programs import path_of_chromium
from tests.support.running_service import Service
from tests.support.runs import Run


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium.

    No wider than this folder: while Playwright's loop is there, Django allows this thread no database.
    """
    path = path_of_chromium()
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []  # where it has no sandbox
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=as_root) as browser,
    ):
        yield browser


@pytest.fixture(scope="package")
def origins() -> Iterator[Origins]:
    with ExitStack() as servers:
        yield Origins(*(servers.enter_context(server_of_an_empty_page()) for _ in Origins._fields))


@pytest.fixture(scope="package")
def shared_service(chromium: Browser, origins: Origins) -> Iterator[Service]:
    running = Service(AEGIS_CORS_ORIGINS=origins.listed)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def service(shared_service: Service) -> Service:
    """A service that the tests may stop and start again. It has the domains of other files' tests, too."""
    if not shared_service.is_running:  # a test has failed
        shared_service.start()
    return shared_service


@pytest.fixture(scope="module")
def own_service(chromium: Browser, origins: Origins) -> Iterator[Service]:
    """The same for the tests of one file."""
    running = Service(AEGIS_CORS_ORIGINS=origins.listed)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def operator(service: Service) -> httpx.Client:
    return service.client(service.token("operator"))


@pytest.fixture
def run(operator: httpx.Client) -> Run:
    """A run of a new domain."""
    return Run(operator, create_domain(operator))


@pytest.fixture(scope="module")
def session_of_operator(service: Service) -> StorageState:
    """The cookies of a browser in which the operator is signed in to the service."""
    attributes: dict[str, Any] = {"expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
    return {
        "cookies": [
            {
                "name": cookie.name,
                "value": cookie.value or "",
                "domain": cookie.domain,
                "path": cookie.path,
                **attributes,
            }
            for cookie in service.cookies_of_operator.jar
        ],
        "origins": [],
    }


@pytest.fixture
def new_page(chromium: Browser, session_of_operator: StorageState) -> Iterator[Callable[[str], Page]]:
    """A function that opens a page at that address, in a browser in which the operator is signed in to the service."""
    with chromium.new_context(storage_state=session_of_operator) as context:
        context.set_default_timeout(LIMIT_MS)

        def open_page(address: str) -> Page:
            page = context.new_page()
            page.goto(address)
            return page

        yield open_page


@pytest.fixture
def quiet_page(new_page: Callable[[str], Page]) -> Iterator[Callable[[str], Page]]:
    """Like `new_page`, of pages on whose console nothing may be said."""
    said: list[str] = []

    def open_page(address: str) -> Page:
        page = new_page("about:blank")
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    assert said == []
