"""The WebSocket in a real browser, which sends the session along from any page: the origin decides."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.support.other_origins import Origins
from tests.support.pages import ask_for_ticket
from tests.support.running_service import Service
from tests.support.runs import Run, complete, log

NEVER_OPENED = 1006
ENDED = 1000

FOLLOW = """address => {
    const socket = new WebSocket(address);
    window.followed = {entries: [], types: [], code: null};
    socket.onmessage = ({data}) => {
        const envelope = JSON.parse(data);
        followed.types.push(envelope.event_type);
        if (envelope.event_type === "log") followed.entries.push([envelope.data.seq, envelope.data.message]);
    };
    socket.onclose = ({code}) => { followed.code = code; };
}"""

NewPage = Callable[[str], Page]


def follow(page: Page, service: Service, run: Run, query: str = "") -> None:
    address = service.url.replace("http", "ws")
    page.evaluate(FOLLOW, f"{address}/ws/domains/{run.domain}/training?training_run_id={run.id}{query}")


def await_entries(page: Page, last: int) -> None:
    """Await the run's entries up to that one, each `line SEQ`: in order, none missing, none twice."""
    page.wait_for_function("last => followed.entries.at(-1)?.[0] === last", arg=last)
    assert page.evaluate("followed.entries") == [[seq, f"line {seq}"] for seq in range(1, last + 1)]


def test_a_page_of_the_service(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(log("line 1"), log("line 2"))
    page = new_page(service.url)
    follow(page, service, run)
    await_entries(page, 2)
    run.send(log("line 3"))
    await_entries(page, 3)
    run.send(complete())
    page.wait_for_function("() => followed.code")
    assert page.evaluate("[followed.code, followed.types.at(-1)]") == [ENDED, "completed"]
    await_entries(page, 3)


def assert_refused(page: Page) -> None:
    page.wait_for_function("() => followed.code")
    assert page.evaluate("[followed.code, followed.types]") == [NEVER_OPENED, []]


def test_a_page_of_a_named_origin_needs_a_ticket(
    service: Service, origins: Origins, new_page: NewPage, run: Run
) -> None:
    """The session, which the browser sends along, does not count there."""
    page = new_page(origins.listed)
    follow(page, service, run)
    assert_refused(page)
    follow(page, service, run, f"&ticket={ask_for_ticket(page, service, run)}")
    run.send(log("line 1"))
    await_entries(page, 1)


def test_a_page_of_another_origin_is_refused(service: Service, origins: Origins, new_page: NewPage, run: Run) -> None:
    ticket = ask_for_ticket(new_page(service.url), service, run)
    page = new_page(origins.unlisted)
    for query in ("", f"&ticket={ticket}"):
        follow(page, service, run, query)
        assert_refused(page)
