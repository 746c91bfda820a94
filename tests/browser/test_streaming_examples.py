"""The examples of `docs/streaming.md` for pages, in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Page, Route

from tests.support.documented_examples import example
from tests.support.other_origins import Origins
from tests.support.running_service import Service
from tests.support.runs import Run, complete, log

NewPage = Callable[[str], Page]

FOLLOW = """([domain, run]) => {
    %s
    window.told = [];
    follow(domain, run, envelope => told.push(envelope));
}"""

READ = """([url, token, domain, lastEventId]) => {
    %s
    window.told = [];
    window.ended = null;
    read(url, token, domain, lastEventId, envelope => told.push(envelope)).then(id => { ended = id; });
}"""


def await_entries(page: Page, *expected: int) -> None:
    """Await the last of these entries; it and those before it must be all that was told."""
    page.wait_for_function("seq => told.some(e => e.data.seq === seq)", arg=expected[-1])
    assert page.evaluate("told.filter(e => e.event_type === 'log').map(e => e.data.seq)") == list(expected)


def test_event_source(service: Service, new_page: NewPage, run: Run) -> None:
    """It opens itself again after a 502, which ends an EventSource for good."""
    page = new_page(service.url)
    page.evaluate(FOLLOW % example("js", "new EventSource"), [run.domain, run.id])
    run.send(log())
    await_entries(page, 1)

    refused = []

    def as_a_proxy_does(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=502)

    page.route("**/training-stream*", as_a_proxy_does, times=1)
    service.terminate()
    service.start()
    run.send(log())
    await_entries(page, 1, 2)
    assert len(refused) == 1
    run.send(log(), complete())
    page.wait_for_function("() => told.at(-1).event_type === 'completed'")
    await_entries(page, 1, 2, 3)


def test_fetch(service: Service, origins: Origins, new_page: NewPage, run: Run) -> None:
    """From another origin, with a token; and it can say where it was."""
    run.send(log(), log())
    page = new_page(origins.listed)
    arguments = [service.url, service.token("viewer"), run.domain]
    page.evaluate(READ % example("js", "TextDecoderStream"), [*arguments, None])
    await_entries(page, 1, 2)
    run.send(log())
    await_entries(page, 1, 2, 3)
    service.terminate()
    page.wait_for_function("() => ended")
    assert page.evaluate("ended") == f"{run.number}.3"
    service.start()
    run.send(log())
    page.evaluate(READ % example("js", "TextDecoderStream"), [*arguments, f"{run.number}.3"])
    await_entries(page, 4)
