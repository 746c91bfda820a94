"""The pages under a path of a host, in a browser that goes through a real nginx: nothing may leave the path."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.support.component import load
from tests.support.domains import create_domain
from tests.support.other_origins import Origins
from tests.support.pages import LIMIT_MS
from tests.support.running_nginx import Nginx
from tests.support.running_service import Service
from tests.support.runs import ENTITY, Run, complete, log, phase, progress

PREFIX = "/training"
STRIPPED = {"proxy_pass http://127.0.0.1:8000;": "proxy_pass http://127.0.0.1:8000/;"}

ELEMENT = """([domain, base, token]) => {
    const element = document.createElement("domain-training-progress");
    Object.assign(element, {domain, base, token});
    document.body.append(element);
}"""


@pytest.fixture(scope="module")
def service(chromium: Browser, origins: Origins) -> Iterator[Service]:
    running = Service(AEGIS_HTTPS="1", AEGIS_CORS_ORIGINS=origins.listed, AEGIS_URL_PREFIX=f"{PREFIX}/")
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(params=["passed on", "stripped"])
def home(service: Service, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of the service behind nginx, which passes the prefix on or takes it off."""
    changes = STRIPPED if request.param == "stripped" else {}
    running = Nginx(tmp_path, service.url, configuration="nginx-under-a-path.conf", changes=changes)
    try:
        running.start()
        yield running.url + PREFIX
    finally:
        running.stop()


@pytest.fixture
def page(chromium: Browser, home: str, origins: Origins) -> Iterator[Page]:
    """A page of a browser with no session. Every request has to stay below `home` and to be answered well."""
    wrong: list[str] = []

    def check(response: Response) -> None:
        if response.status >= 400 or not response.url.startswith((f"{home}/", origins.listed, "data:", "blob:")):
            wrong.append(f"{response.status} {response.url}")

    with chromium.new_context(ignore_https_errors=True) as context:
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        page.on("response", check)
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
    assert wrong == []


def sign_in(page: Page, service: Service) -> None:
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password").fill(service.operator_password)
    page.get_by_role("button", name="Sign in").click()


def test_everything_stays_under_the_path(page: Page, home: str, service: Service, operator: httpx.Client) -> None:
    run = Run(operator, create_domain(operator))
    page.goto(f"{home}/domains/{run.domain}/history")
    sign_in(page, service)
    expect(page).to_have_url(f"{home}/domains/{run.domain}/history")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.get_by_role("link", name="Run 1", exact=True).click()
    expect(page).to_have_url(f"{home}/domains/{run.domain}/runs/1")

    run.send(phase(ENTITY), progress(0.5, message="trial 5 of 10", metrics={"entity_f1": 0.71}), log("a line"))
    expect(page.get_by_role("grid", name="Log lines")).to_contain_text("a line")
    other = Run(operator, run.domain)
    other.send(log("another"))
    page.reload()
    page.locator("#other-runs").get_by_role("link").click()
    expect(page).to_have_url(f"{home}/domains/{run.domain}/runs/2")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    assert downloading.value.url.startswith(f"{home}/api/")
    assert "another" in Path(downloading.value.path()).read_text()
    other.send(complete(metrics={"entity_f1": 0.5}, result={"prompts": {}}))
    expect(page.locator("#state .state")).to_have_text("completed")

    page.get_by_role("link", name="Aegis Training Status").click()
    expect(page).to_have_url(f"{home}/")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    later = create_domain(operator)
    Run(operator, later).send(log("first"))
    page.get_by_role("link", name=later, exact=True).click()
    expect(page).to_have_url(f"{home}/domains/{later}")


def test_the_admin_and_the_documentation(page: Page, home: str, service: Service, operator: httpx.Client) -> None:
    run = Run(operator, create_domain(operator))
    run.send(phase(ENTITY), log("slow", "WARNING"))
    page.goto(f"{home}/admin/training_status/trainingrun/?of_domain={run.domain}")
    sign_in(page, service)
    page.get_by_role("link", name=f"{run.domain} #1").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Export").click()
    assert downloading.value.url.startswith(f"{home}/api/")
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.get_by_role("button").filter(has_text="Cancel").first.click()
    page.wait_for_url(f"{home}/admin/training_status/trainingrun/**")
    expect(page.locator(".messagelist")).to_be_visible()
    page.get_by_role("link", name="Aegis Training Status").first.click()
    expect(page).to_have_url(f"{home}/admin/")

    page.goto(f"{home}/docs")
    expect(page.get_by_role("combobox").first).to_have_value(PREFIX, timeout=LIMIT_MS)
    page.goto(f"{home}/redoc")
    expect(page.get_by_text("Aegis Training Status").first).to_be_visible(timeout=LIMIT_MS)
    page.goto(f"{home}/")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{home}/sign-in")
    assert {cookie["path"] for cookie in page.context.cookies()} == {f"{PREFIX}/"}


def test_the_element_on_a_page_of_another_origin(
    page: Page, home: str, service: Service, origins: Origins, operator: httpx.Client
) -> None:
    run = Run(operator, create_domain(operator))
    page.goto(origins.listed)
    load(page)
    page.evaluate(ELEMENT, [run.domain, f"{home}/", service.token("viewer")])
    run.send(phase(ENTITY), progress(0.5), log("a line"))
    element = page.locator("domain-training-progress")
    expect(element.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "27")
    expect(element.get_by_role("grid", name="Log lines")).to_contain_text("a line")
