"""Server-Sent Events in a real browser: `EventSource` as it comes, on pages of the service and on others."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support.other_origins import Origins
from tests.support.pages import ask_for_ticket
from tests.support.running_service import ADMIN, Service
from tests.support.runs import Run, complete, log

CONNECTING, OPEN, CLOSED = range(3)

FOLLOW = """address => {
    const source = new EventSource(address);
    window.followed = {source, types: [], entries: []};
    source.onmessage = ({data, lastEventId}) => {
        const envelope = JSON.parse(data);
        followed.types.push(envelope.event_type);
        if (envelope.event_type === "log") followed.entries.push([lastEventId, envelope.data.message]);
    };
}"""

NewPage = Callable[[str], Page]


def stream_of(run: Run, query: str = "") -> str:
    return f"{ADMIN}/domains/{run.domain}/training-stream?training_run_id={run.id}{query}"


def await_entries(page: Page, run: Run, last: int) -> None:
    """Await the run's entries up to that one, each `line SEQ`: in order, none missing, none twice."""
    page.wait_for_function("last => followed.entries.at(-1)?.[0].endsWith(`.${last}`)", arg=last)
    entries = page.evaluate("followed.entries")
    assert entries == [[f"{run.number}.{seq}", f"line {seq}"] for seq in range(1, last + 1)]


def await_state(page: Page, state: int) -> None:
    page.wait_for_function("state => followed.source.readyState === state", arg=state)


def test_it_goes_on_after_a_restart_and_stops_after_the_end(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(log("line 1"), log("line 2"))
    page = new_page(service.url)
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(answer.status) if run.id in answer.url else None)
    page.evaluate(FOLLOW, stream_of(run))
    await_entries(page, run, 2)
    run.send(log("line 3"))
    await_entries(page, run, 3)

    service.terminate()
    await_state(page, CONNECTING)
    service.start()
    run.send(log("line 4"))
    await_entries(page, run, 4)
    run.send(log("line 5"))
    await_entries(page, run, 5)

    run.send(complete())
    await_state(page, CLOSED)
    await_entries(page, run, 5)
    assert page.evaluate("followed.types.at(-1)") == "completed"
    assert page.evaluate("followed.types.filter(type => type === 'completed').length") == 1
    assert answers == [200, 200, 204]


def test_a_page_of_a_named_origin_needs_a_ticket(
    service: Service, origins: Origins, new_page: NewPage, run: Run
) -> None:
    """The session of the service, which this browser has, is not for pages of other origins."""
    page = new_page(origins.listed)
    page.evaluate(FOLLOW, service.url + stream_of(run))
    await_state(page, CLOSED)

    ticket = ask_for_ticket(page, service, run)
    page.evaluate(FOLLOW, service.url + stream_of(run, f"&ticket={ticket}"))
    run.send(log("line 1"))
    await_entries(page, run, 1)
    run.send(log("line 2"))
    await_entries(page, run, 2)


@pytest.mark.parametrize("with_session", ["false", "true"])
def test_a_page_of_another_origin_is_told_nothing(
    service: Service, origins: Origins, new_page: NewPage, run: Run, with_session: str
) -> None:
    """Not even with a ticket or the session: the browser keeps from it what the service answers."""
    ticket = ask_for_ticket(new_page(service.url), service, run)
    page = new_page(origins.unlisted)
    follow = FOLLOW.replace("(address)", f"(address, {{withCredentials: {with_session}}})")
    page.evaluate(follow, service.url + stream_of(run, f"&ticket={ticket}"))
    await_state(page, CLOSED)
    assert page.evaluate("followed.types") == []
