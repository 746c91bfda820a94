"""Who may watch: roles, tokens bound to a domain, sessions, pages of other origins; and who is cut off."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.support.answers import problem, refused
from tests.support.domains import create_domain
from tests.support.live_viewers import Viewer
from tests.support.plain_http import NO_CERTIFICATES
from tests.support.running_service import Service
from tests.support.runs import Run, complete, log, new_id
from tests.support.stream_viewers import FACES, Audience, await_cut_off, denied

ROLES = ["viewer", "reporter", "operator"]
faces = pytest.mark.parametrize("face", FACES)


@pytest.fixture
def watching(service: Service) -> Iterator[Callable[..., Audience]]:
    """A function that makes an audience with a token of a role, bound to a domain if one is given."""
    made: list[Audience] = []

    def make(role: str, domain: str | None = None) -> Audience:
        made.append(Audience(service, service.token(role, domain)))
        return made[-1]

    yield make
    for viewers in made:
        viewers.close()


@faces
@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_watch(watching: Callable[..., Audience], run: Run, face: str, role: str) -> None:
    FACES[face](watching(role), run.domain).await_story("progress_update")


@faces
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic b3A6b3A=", "Bearer aegis_x", "Bearer {token}x"])
def test_without_usable_credentials(service: Service, strangers: Audience, domain: str, face: str, header: str) -> None:
    headers = {"Authorization": header.format(token=service.token("viewer"))} if header else {}
    for place in (domain, "unknown"):
        denied(FACES[face](strangers, place, headers=headers), 401)
        denied(FACES[face](strangers, place, headers=headers, training_run_id="x", after="x"), 401)
    denied(strangers.sse(None, headers=headers), 401)


@pytest.mark.parametrize("name", ["token", "access_token", "authorization", "api_key"])
def test_no_token_is_taken_from_the_query(service: Service, strangers: Audience, domain: str, name: str) -> None:
    for face in FACES.values():
        denied(face(strangers, domain, **{name: service.token("viewer")}), 401)


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_path_of_the_system_before(service: Service, run: Run, domain: str, slash: str) -> None:
    """A page of AegisRAG opens `/admin/domains/{name}/training-stream`."""
    path = f"{service.url}/admin/domains/{{}}/training-stream{slash}"
    headers = {"Authorization": f"Bearer {service.token('viewer')}"}
    run.send(log("a line"), complete())
    with httpx.stream("GET", path.format(run.domain), headers=headers, params={"training_run_id": run.id}) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        text = answer.read().decode()
    assert f"id: {run.number}.1\n" in text
    assert f"id: {run.number}.end\n" in text
    problem(httpx.get(path.format("unknown"), headers=headers), 404)
    problem(httpx.get(path.format(run.domain)), 401)


@faces
def test_what_is_not_there(watching: Callable[..., Audience], run: Run, domain: str, face: str) -> None:
    audience = watching("viewer")
    for place, query in (
        ("unknown", {}),
        ("Unknown-1", {}),
        (domain + "%0A", {}),
        ("unknown", {"training_run_id": run.id}),
        (domain, {"training_run_id": new_id()}),
    ):
        denied(FACES[face](audience, place, **query), 404)
    body = refused(FACES[face](audience, domain, training_run_id="not-a-uuid").answer)
    assert [error["field"] for error in body["errors"]] == ["training_run_id"]


def test_methods(operator: httpx.Client, domain: str) -> None:
    for path in (f"/domains/{domain}/training-stream", "/training-stream"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            problem(operator.request(method, path), 405)
    problem(operator.get("/stream-tickets"), 405)


# Tokens bound to one domain


@faces
def test_a_bound_token(watching: Callable[..., Audience], start: Any, new_domain: Any, face: str) -> None:
    run = start()
    run.send(log())
    audience = watching("viewer", run.domain)
    FACES[face](audience, run.domain).await_story("progress_update", 1)
    elsewhere = new_domain()
    other = Run(run.client, elsewhere)
    there = denied(FACES[face](audience, elsewhere), 404)
    assert denied(FACES[face](audience, "unknown"), 404)["detail"].replace("unknown", elsewhere) == there["detail"]
    denied(FACES[face](audience, elsewhere, training_run_id=other.id), 404)
    denied(FACES[face](audience, run.domain, training_run_id=other.id), 404)


def test_a_bound_token_sees_its_domain_alone(watching: Callable[..., Audience], run: Run, new_domain: Any) -> None:
    elsewhere = Run(run.client, new_domain())
    viewer, unbound = watching("viewer", run.domain).sse(None), watching("viewer").sse(None)
    viewer.await_type("progress_update")
    elsewhere.send(log(), complete())
    unbound.await_told(lambda one: one.run_id == elsewhere.id and one.is_end)
    run.send(log(), complete())
    viewer.await_type("completed")
    assert {one.envelope["domain"] for one in viewer.told} == {run.domain}


# People who are signed in


@pytest.fixture
def person(service: Service) -> Callable[..., tuple[str, dict[str, str]]]:
    """A function that makes a user of a group and signs in as one; the name, and the header that says so."""

    def make(group: str | None) -> tuple[str, dict[str, str]]:
        name = "u" + new_id()
        joins = f"u.groups.add(Group.objects.get(name={group!r}))" if group else ""
        service.run_in_django(
            "from django.contrib.auth.models import Group, User\n"
            f"u = User.objects.create_user({name!r}, password='a long password')\n{joins}",
        )
        with closing(httpx.Client(base_url=service.url, verify=NO_CERTIFICATES)) as browser:
            browser.get("/sign-in")
            form = {"username": name, "password": "a long password"}
            form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
            assert browser.post("/sign-in", data=form).status_code == 302
            return name, {"Cookie": f"sessionid={browser.cookies['sessionid']}"}

    return make


@faces
def test_a_session(strangers: Audience, person: Any, run: Run, face: str) -> None:
    run.send(log())
    _, cookie = person("viewer")
    FACES[face](strangers, run.domain, headers=cookie).await_story("progress_update", 1)
    _, cookie = person(None)
    denied(FACES[face](strangers, run.domain, headers=cookie), 403)
    denied(strangers.sse(None, headers=cookie), 403)


def test_cut_off_when_the_right_is_gone(
    service: Service, strangers: Audience, audience: Audience, person: Any, run: Run
) -> None:
    """A token revoked, a user deactivated, one who left the group, one signed out; nobody else is cut off."""
    token = service.new_token("viewer")
    deactivated, left, signed_out, stays = (person("viewer") for _ in range(4))
    cut: list[Viewer] = []
    for headers in ({"Authorization": f"Bearer {token}"}, deactivated[1], left[1], signed_out[1]):
        cut += [face(strangers, run.domain, headers=headers) for face in FACES.values()]
        cut.append(strangers.sse(None, headers=headers))
    kept: list[Viewer] = [face(strangers, run.domain, headers=stays[1]) for face in FACES.values()]
    kept.append(audience.sse(run.domain))
    for viewer in (*cut, *kept):
        viewer.await_told(lambda one: one.run_id == run.id)
    service.revoke(token)
    service.run_in_django(
        "from django.contrib.auth.models import User\nfrom django.contrib.sessions.models import Session\n"
        f"assert Session.objects.get(session_key={signed_out[1]['Cookie'].partition('=')[2]!r}).delete()\n"
        f"User.objects.filter(username={deactivated[0]!r}).update(is_active=False)\n"
        f"User.objects.get(username={left[0]!r}).groups.clear()",
    )
    for viewer in cut:
        await_cut_off(viewer)
    run.send(log())
    for viewer in kept:
        viewer.await_seq(1)


# Other origins


def test_a_page_of_the_named_origin_may_watch(impatient_service: Service) -> None:
    named, other = {"Origin": "https://pages.example"}, {"Origin": "https://other.example"}
    allowed = "access-control-allow-origin"
    client = impatient_service.client(impatient_service.token("operator"))
    domain = create_domain(client)
    with Audience(impatient_service, None) as anybody:
        for place in (domain, None):
            assert anybody.sse(place, headers=named).answer.headers[allowed] == "https://pages.example"
            assert allowed not in anybody.sse(place, headers=other).answer.headers
        assert anybody.sse("unknown", headers=named).answer.headers[allowed] == "https://pages.example"
