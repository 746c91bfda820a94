"""The TypeScript client, bundled as a page would have it, in a real browser and on a page of another origin."""

import subprocess
from collections.abc import Callable
from functools import cache

import pytest
from playwright.sync_api import Page

from tests.support.other_origins import Origins
from tests.support.programs import path_of
from tests.support.project import PROJECT
from tests.support.running_service import Service
from tests.support.runs import Run, complete, log
from tests.support.typescript_client import LIMIT_S, built_package

NewPage = Callable[[str], Page]

LOAD = """async code => {
    const address = URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
    window.sdk = await import(address);
}"""

WATCH = """([baseUrl, token, domain, trainingRunId]) => {
    window.told = [];
    window.states = [];
    window.ended = null;
    const client = new sdk.TrainingClient({baseUrl, token: async () => token});
    const watch = client.watch(domain, {trainingRunId, onState: (state, why) => states.push([state, why])});
    (async () => {
        try {
            for await (const event of watch) told.push(event);
            ended = watch.lastEventId;
        } catch (error) {
            ended = `${error.name} ${error.status} ${error.message}`;
        }
    })();
}"""

SEQS = "told.filter(event => event.event_type === 'log').map(event => event.data.seq)"


@cache
def bundle() -> str:
    """The package and what it needs, as one module."""
    script = built_package() / "scripts/bundle.js"
    return subprocess.run(
        [path_of("node"), script], cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT_S, check=True
    ).stdout


@pytest.fixture
def elsewhere(origins: Origins, new_page: NewPage) -> Page:
    """A page of the listed origin that has loaded the client."""
    page = new_page(origins.listed)
    page.evaluate(LOAD, bundle())
    return page


def await_entries(page: Page, *expected: int) -> None:
    """Await the last of these entries; it and those before it must be all that was told."""
    page.wait_for_function(f"last => {SEQS}.includes(last)", arg=expected[-1])
    assert page.evaluate(SEQS) == list(expected)


def test_it_watches_with_a_token_across_a_restart(service: Service, elsewhere: Page, run: Run) -> None:
    run.send(log(), log())
    elsewhere.evaluate(WATCH, [service.url, service.token("viewer"), run.domain, run.id])
    await_entries(elsewhere, 1, 2)
    service.terminate()
    elsewhere.wait_for_function("states.at(-1)[0] === 'waiting'")
    service.start()
    run.send(log())
    await_entries(elsewhere, 1, 2, 3)
    run.send(log(), complete())
    elsewhere.wait_for_function("ended")
    await_entries(elsewhere, 1, 2, 3, 4)
    assert elsewhere.evaluate("ended") == f"{run.number}.end"
    assert elsewhere.evaluate("told.at(-1).event_type") == "completed"


def test_it_reads_the_log_and_hears_refusals(service: Service, elsewhere: Page, run: Run) -> None:
    run.send(*[log() for _ in range(150)])
    seqs = """async ([baseUrl, token, domain]) => {
        const seqs = [];
        for await (const {seq} of new sdk.TrainingClient({baseUrl, token}).logs(domain)) seqs.push(seq);
        return seqs;
    }"""
    assert elsewhere.evaluate(seqs, [service.url, service.token("viewer"), run.domain]) == list(range(1, 151))
    elsewhere.evaluate(WATCH, [service.url, "aegis_wrong", run.domain, run.id])
    elsewhere.wait_for_function("ended")
    assert elsewhere.evaluate("ended").startswith("ServiceError 401 ")


def test_on_a_page_of_the_service_the_session_counts(service: Service, new_page: NewPage, run: Run) -> None:
    page = new_page(service.url)
    # The page's own policy allows no script from elsewhere: the bundle comes as a file of the service would.
    page.route("**/static/sdk.js", lambda route: route.fulfill(content_type="text/javascript", body=bundle()))
    page.evaluate("async () => { window.sdk = await import('/static/sdk.js'); }")
    status = "async domain => (await new sdk.TrainingClient({baseUrl: ''}).status(domain)).training_run_id"
    assert page.evaluate(status, run.domain) == run.id


def test_a_page_may_read_the_time_of_an_answer(service: Service, elsewhere: Page) -> None:
    """By which a `Retry-After` that is a time is meant."""
    date = """async ([baseUrl, token]) => {
        const {response} = await new sdk.TrainingClient({baseUrl, token}).api.GET("/api/v1/admin/domains");
        return response.headers.get("Date");
    }"""
    assert elsewhere.evaluate(date, [service.url, service.token("viewer")]).endswith(" GMT")
