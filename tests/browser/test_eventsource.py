"""The three ways of `docs/eventsource.md` to open a stream without headers, as AegisRAG's own page opens it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.support.documented_examples import example
from tests.support.domains import create_domain
from tests.support.old_hook import OLD_HOOK, await_closed
from tests.support.other_origins import Origins
from tests.support.pages import LIMIT_MS, ask_for_ticket
from tests.support.running_nginx import Nginx
from tests.support.running_service import ADMIN, Service, serve
from tests.support.runs import Run, complete, log

DOCUMENT = "docs/eventsource.md"
HELD = {"AEGIS_STREAM_HOLD_S": "60"}  # longer than a busy browser needs to close a stream


@pytest.fixture(scope="module")
def service(chromium: Browser, origins: Origins) -> Iterator[Service]:
    yield from serve(AEGIS_CORS_ORIGINS=origins.listed, **HELD)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser without a session."""
    with chromium.new_context(ignore_https_errors=True) as context:
        context.set_default_timeout(LIMIT_MS)
        yield context.new_page()


def stream_of(run: Run, base: str = "") -> str:
    return f"{base}{ADMIN}/domains/{run.domain}/training-stream?training_run_id={run.id}"


def assert_followed_to_its_end(page: Page, run: Run, address: str) -> None:
    """The page that is open gets a live run by one connection."""
    run.send(log("line 1"))
    page.evaluate(OLD_HOOK, address)
    page.wait_for_function("() => hook.seqs[0].length === 1")
    run.send(log("line 2"), complete())
    await_closed(page)
    assert page.evaluate("[hook.opened, hook.errors, hook.seqs]") == [1, 0, [[1, 2]]]


def test_a_ticket(service: Service, page: Page, origins: Origins, run: Run) -> None:
    page.goto(origins.listed)
    ticket = ask_for_ticket(page, service, run)
    assert_followed_to_its_end(page, run, f"{stream_of(run, service.url)}&ticket={ticket}")


def test_the_example_of_a_ticket(service: Service, page: Page, origins: Origins, run: Run) -> None:
    page.goto(origins.listed)
    ticket = ask_for_ticket(page, service, run)
    code = example("js", "newTicket", document=DOCUMENT)
    page.evaluate(
        f"""async ([base, domain, run, ticket]) => {{
            {code}
            const source = await open(base, domain, run, async () => ticket);
            window.told = [];
            source.onmessage = ({{data}}) => told.push(JSON.parse(data).event_type);
        }}""",
        [service.url, run.domain, run.id, ticket],
    )
    run.send(log("line 1"), complete())
    page.wait_for_function("() => told.includes('log') && told.includes('completed')")


def test_a_proxy_that_adds_the_header(service: Service, page: Page, run: Run, tmp_path: Path) -> None:
    line = example("nginx", "Authorization", document=DOCUMENT)
    token = service.new_token("viewer", run.domain)
    first = "        proxy_http_version 1.1;\n"
    nginx = Nginx(tmp_path, service.url, changes={first: first + line.replace("TOKEN", token)})
    nginx.start()
    try:
        page.goto(f"{nginx.url}/healthz")
        assert_followed_to_its_end(page, run, stream_of(run))
    finally:
        nginx.stop()


def test_a_role_for_everybody(chromium: Browser, origins: Origins, page: Page) -> None:
    running = Service(AEGIS_ANONYMOUS_ROLE="viewer", AEGIS_CORS_ORIGINS=origins.listed, **HELD)
    try:
        running.start()
        operator = running.client(running.token("operator"))
        run = Run(operator, create_domain(operator))
        page.goto(origins.listed)
        assert_followed_to_its_end(page, run, stream_of(run, running.url))
        refused = httpx.post(f"{running.url}{ADMIN}/domains/{run.domain}/training-runs", json={})
        assert refused.status_code in (401, 403)
    finally:
        running.stop()
