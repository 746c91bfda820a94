"""The page of the domains on a new installation."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.domains import create_domain
from tests.support.pages import LIMIT_MS, sign_in
from tests.support.running_service import Service
from tests.support.runs import Run, phase


@pytest.fixture
def new_service() -> Iterator[Service]:
    """A service without domains."""
    running = Service()
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def page(chromium: Browser, new_service: Service) -> Iterator[Page]:
    with chromium.new_context() as context:
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        sign_in(page, new_service)
        yield page


def test_the_first_domain_appears_by_itself(page: Page, new_service: Service) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.reload()
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.get_by_role("heading", name="No domains yet")).to_be_visible()
    client = new_service.client(new_service.token("operator"))
    domain = create_domain(client)
    Run(client, domain).send(phase("loading_data"))
    expect(page.locator(f"tr[data-domain={domain}]")).to_contain_text("loading data")
    assert errors == []
