"""Tickets: what they open, for how long, and for whom they are made."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from tests.support.answers import parse_time, problem
from tests.support.domains import create_domain
from tests.support.live_viewers import Viewer
from tests.support.running_service import Service, await_until
from tests.support.runs import Run, complete, log, now
from tests.support.stream_viewers import FACES, Audience, await_cut_off, denied

TICKET_S = 60
faces = pytest.mark.parametrize("face", FACES)


@pytest.fixture
def ticket_for(viewer: httpx.Client) -> Callable[[str], str]:
    """A function that asks for a ticket of a domain as a viewer."""

    def make(domain: str) -> str:
        answer = viewer.post("/stream-tickets", json={"domain": domain})
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert body.keys() >= {"ticket", "expires_at"}
        until = parse_time(body["expires_at"])
        assert now() < until <= now() + timedelta(seconds=TICKET_S + 1)
        return str(body["ticket"])

    return make


class Early(NamedTuple):
    """A ticket made before the first test of this file, and viewers that it opened then."""

    run: Run
    ticket: str
    viewers: list[Viewer]


@pytest.fixture(scope="module", autouse=True)
def early(service: Service, operator: httpx.Client, viewer: httpx.Client) -> Iterator[Early]:
    run = Run(operator, create_domain(operator))
    ticket = viewer.post("/stream-tickets", json={"domain": run.domain}).json()["ticket"]
    with Audience(service, None) as strangers:
        yield Early(run, ticket, [face(strangers, run.domain, ticket=ticket) for face in FACES.values()])


@faces
def test_a_ticket_opens_its_domain(strangers: Audience, run: Run, ticket_for: Callable[[str], str], face: str) -> None:
    run.send(log())
    ticket = ticket_for(run.domain)
    viewers = [
        FACES[face](strangers, run.domain, ticket=ticket),
        FACES[face](strangers, run.domain, ticket=ticket, training_run_id=run.id, after=0),
    ]
    run.send(complete())
    for opened in viewers:
        opened.await_type("completed")
    viewers[1].await_over()


@faces
def test_a_ticket_opens_nothing_else(
    service: Service, strangers: Audience, run: Run, new_domain: Any, ticket_for: Callable[[str], str], face: str
) -> None:
    ticket = ticket_for(run.domain)
    elsewhere = Run(run.client, new_domain())
    denied(FACES[face](strangers, elsewhere.domain, ticket=ticket), 401, 403, 404)
    denied(FACES[face](strangers, run.domain, ticket=ticket, training_run_id=elsewhere.id), 404)
    nobody = service.client()
    for path in (f"/domains/{run.domain}", f"/domains/{run.domain}/training-status", run.path, "/domains"):
        problem(nobody.get(path, params={"ticket": ticket}), 401)
        problem(nobody.get(path, headers={"Authorization": f"Bearer {ticket}"}), 401)
    problem(nobody.post("/stream-tickets", params={"ticket": ticket}, json={"domain": run.domain}), 401)
    denied(FACES[face](strangers, run.domain, headers={"Authorization": f"Bearer {ticket}"}), 401)


def test_a_ticket_shows_its_domain_alone(
    strangers: Audience, audience: Audience, run: Run, new_domain: Any, ticket_for: Callable[[str], str]
) -> None:
    elsewhere = Run(run.client, new_domain())
    unbound, viewer = audience.sse(None), strangers.sse(None, ticket=ticket_for(run.domain))
    unbound.await_told(lambda one: one.run_id == elsewhere.id)  # an end before that would not be sent
    elsewhere.send(complete())
    unbound.await_told(lambda one: one.run_id == elsewhere.id and one.is_end)
    run.send(complete())
    viewer.await_type("completed")
    assert {one.envelope["domain"] for one in viewer.told} == {run.domain}


@faces
def test_a_ticket_that_was_changed(
    strangers: Audience, domain: str, ticket_for: Callable[[str], str], face: str
) -> None:
    ticket = ticket_for(domain)
    changed = [ticket[:at] + ("A" if ticket[at] != "A" else "B") + ticket[at + 1 :] for at in range(len(ticket) - 1)]
    for one in ("", "x", ticket[:-2], ticket[1:], ticket + "x", ticket * 2, "a:b:c", "\0", "é", *changed[::7]):
        denied(FACES[face](strangers, domain, ticket=one), 401)


def test_who_gets_a_ticket(
    service: Service, nobody: httpx.Client, viewer: httpx.Client, domain: str, new_domain: Any
) -> None:
    problem(nobody.post("/stream-tickets", json={"domain": domain}), 401)
    problem(viewer.post("/stream-tickets", json={"domain": "unknown"}), 404)
    bound = service.client(service.token("viewer", domain))
    assert bound.post("/stream-tickets", json={"domain": domain}).status_code == 201
    problem(bound.post("/stream-tickets", json={"domain": new_domain()}), 404)
    for body in ({}, {"domain": None}, {"domain": 5}, {"domain": [domain]}, [], "x"):
        problem(viewer.post("/stream-tickets", json=body), 422)


@faces
def test_a_ticket_is_no_better_than_its_maker(service: Service, strangers: Audience, run: Run, face: str) -> None:
    """Made with a token that is then revoked: it opens nothing, and what it had opened is closed."""
    token = service.new_token("viewer")
    ticket = service.client(token).post("/stream-tickets", json={"domain": run.domain}).json()["ticket"]
    opened = FACES[face](strangers, run.domain, ticket=ticket)
    opened.await_type("progress_update")
    service.revoke(token)
    denied(FACES[face](strangers, run.domain, ticket=ticket), 401)
    await_cut_off(opened)


@faces
def test_a_ticket_expires_but_what_it_opened_stays(strangers: Audience, early: Early, face: str) -> None:
    """Last, as it waits for the minute to be over."""

    def is_expired() -> bool:
        late = FACES[face](strangers, early.run.domain, ticket=early.ticket)
        late.close()
        return late.answer.status_code == 401

    await_until(is_expired, 3 * TICKET_S)
    early.run.send(log("after the ticket"))
    for viewer in early.viewers:
        viewer.await_seq(early.run.n)
