"""Who may do what: roles, tokens bound to a domain, no or unusable credentials, other origins."""

import http.client
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.answers import ok, problem
from tests.support.domains import create_domain
from tests.support.running_service import ADMIN, Service
from tests.support.runs import Run, complete, log, new_id

ROLES = ["viewer", "reporter", "operator"]


class Endpoint(NamedTuple):
    method: str
    path: str
    role: str
    status: int = 200
    body: Any = None


ENDPOINTS = [
    Endpoint("GET", "/domains", "viewer"),
    Endpoint("POST", "/domains", "operator", 201, {"name": "NEW", "description": "A domain under test"}),
    Endpoint("GET", "/domains/{domain}", "viewer"),
    Endpoint("PATCH", "/domains/{domain}", "operator", 200, {"description": "Something else"}),
    Endpoint("DELETE", "/domains/{domain}", "operator", 204),
    Endpoint("GET", "/domains/{domain}/training-status", "viewer"),
    Endpoint("GET", "/domains/{domain}/training-logs", "viewer"),
    Endpoint("GET", "/domains/{domain}/training-logs/download", "viewer"),
    Endpoint("GET", "/domains/{domain}/training-runs", "viewer"),
    Endpoint("POST", "/domains/{domain}/training-runs", "reporter", 201, {}),
    Endpoint("GET", "/domains/{domain}/training-runs/{number}", "viewer"),
    Endpoint("GET", "/training-runs/{run}", "viewer"),
    Endpoint("GET", "/training-runs/{run}/result", "viewer"),
    Endpoint("GET", "/training-runs/{run}/export", "operator"),
    Endpoint("DELETE", "/training-runs/{run}", "operator", 204),
    Endpoint("POST", "/training-runs/{run}/events", "reporter", 200, {"events": []}),
    Endpoint("POST", "/training-runs/{run}/heartbeat", "reporter"),
    Endpoint("POST", "/training-runs/{active}/cancel", "operator"),
]
OF_A_DOMAIN = [endpoint for endpoint in ENDPOINTS if "{" in endpoint.path]
NAMES = [f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS]


class Place(NamedTuple):
    """A domain with a finished run; `active` is a run of it that can be cancelled."""

    domain: str
    finished: Run
    active: str

    def call(self, client: httpx.Client, endpoint: Endpoint, **more: Any) -> httpx.Response:
        path = endpoint.path.format(
            domain=self.domain, number=self.finished.number, run=self.finished.id, active=self.active
        )
        body = endpoint.body
        if isinstance(body, dict) and "name" in body:
            body = {**body, "name": "d" + new_id().replace("-", "")}
        return client.request(endpoint.method, path, **({} if body is None else {"json": body}), **more)


def make_place(operator: httpx.Client, domain: str, *, with_active: bool = False) -> Place:
    run = Run(operator, domain)
    run.send(log(), complete(result={"prompts": {}}))
    return Place(domain, run, Run(operator, domain).id if with_active else run.id)


@pytest.fixture
def place(operator: httpx.Client, domain: str) -> Callable[[Endpoint], Place]:
    """A function that makes the place where an endpoint can be called."""
    return lambda endpoint: make_place(operator, domain, with_active="{active}" in endpoint.path)


@pytest.fixture(scope="session")
def home(operator: httpx.Client) -> str:
    """The domain that bound tokens are bound to."""
    return create_domain(operator)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=NAMES)
@pytest.mark.parametrize("role", ROLES)
def test_roles(request: pytest.FixtureRequest, place: Any, endpoint: Endpoint, role: str) -> None:
    answer = place(endpoint).call(request.getfixturevalue(role), endpoint)
    if ROLES.index(role) < ROLES.index(endpoint.role):
        problem(answer, 403)
    else:
        assert answer.status_code == endpoint.status, answer.text


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=NAMES)
def test_without_credentials(nobody: httpx.Client, operator: httpx.Client, place: Any, endpoint: Endpoint) -> None:
    there = place(endpoint)
    problem(there.call(nobody, endpoint), 401)
    assert ok(operator.get(there.finished.path))["status"] == "completed"


def test_a_viewer_changes_no_run(viewer: httpx.Client, nobody: httpx.Client, operator: httpx.Client, run: Run) -> None:
    problem(viewer.patch(run.path, json={"note": "x"}), 403)
    problem(nobody.patch(run.path, json={"note": "x"}), 401)
    assert ok(operator.patch(run.path, json={"note": "x"}))["note"] == "x"


def test_what_is_refused_leaves_no_trace(viewer: httpx.Client, reporter: httpx.Client, run: Run) -> None:
    problem(viewer.post(f"{run.path}/events", json={"events": [{"n": 1, **log()}]}), 403)
    problem(viewer.post(f"/domains/{run.domain}/training-runs", json={}), 403)
    problem(reporter.post(f"{run.path}/cancel"), 403)
    problem(reporter.delete(f"/domains/{run.domain}"), 403)
    assert run.log()["total_logs"] == 0
    assert run.status()["cancel_requested"] is False
    assert ok(viewer.get(f"/domains/{run.domain}/training-runs"))["total"] == 1


def test_credentials_come_before_existence_and_input(nobody: httpx.Client) -> None:
    for path in ("/domains/unknown", f"/training-runs/{new_id()}", "/domains/unknown/training-status?run=x"):
        problem(nobody.get(path), 401)
    problem(nobody.post("/domains", json={"name": 5}), 401)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer x",
        "Bearer aegis_",
        "Bearer aegis_x",
        "Basic b3A6b3A=",
        "Token x",
        "Digest",
        "Bearer {token}x",
        "Bearer x{token}",
        "Bearer {token} x",
        "Bearer {token},",
        "Bearer {half}",
        "{token}",
        "Basic {token}",
        "Bearer Bearer {token}",
        "Bearer " + "x" * 5000,
        'Bearer "{token}"',
        "Bearer {upper}",
        "Bearer %00",
        "Bearer null",
        "Bearer undefined",
        ", ,",
    ],
    ids=lambda text: text[:30],
)
def test_garbled_headers(service: Service, nobody: httpx.Client, header: str) -> None:
    token = service.token("viewer")
    value = header.format(token=token, half=token[: len(token) // 2], upper=token.upper())
    problem(nobody.get("/domains", headers={"Authorization": value}), 401)
    problem(nobody.post("/domains", headers={"Authorization": value}, json={}), 401)


@pytest.mark.parametrize("raw", [b"Bearer \xff\xfe", b"Bearer \xc3\xa9", "Bearer é🙂".encode(), b"\xff"])
def test_headers_of_other_bytes(nobody: httpx.Client, raw: bytes) -> None:
    problem(nobody.get("/domains", headers=[(b"Authorization", raw)]), 401)


@pytest.mark.parametrize("value", ["Bearer ", "Bearer \t", " ", "Bearer  \t x"])
def test_headers_that_only_other_clients_send(service: Service, value: str) -> None:
    parts = urlsplit(service.url)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)) as connection:
        connection.request("GET", f"{ADMIN}/domains", headers={"Authorization": value})
        answer = connection.getresponse()
        assert json.loads(answer.read())["status"] == answer.status == 401


@pytest.mark.parametrize("name", ["token", "access_token", "ticket", "authorization", "api_key"])
def test_no_credential_is_taken_from_the_query(service: Service, nobody: httpx.Client, name: str) -> None:
    for value in (service.token("viewer"), f"Bearer {service.token('viewer')}"):
        problem(nobody.get("/domains", params={name: value}), 401)


def test_no_token_is_ever_shown(service: Service, operator: httpx.Client, run: Run) -> None:
    for path in ("/domains", f"/domains/{run.domain}", run.path):
        assert service.token("operator") not in operator.get(path).text


# Tokens bound to one domain


@pytest.fixture(scope="session", params=ROLES)
def bound(request: pytest.FixtureRequest, service: Service, home: str) -> tuple[str, httpx.Client]:
    return request.param, service.client(service.token(request.param, home))


@pytest.mark.parametrize(
    "endpoint",
    [endpoint for endpoint in OF_A_DOMAIN if (endpoint.method, endpoint.path) != ("DELETE", "/domains/{domain}")],
    ids=lambda endpoint: f"{endpoint.method} {endpoint.path}",
)
def test_a_bound_token_at_home(operator: httpx.Client, home: str, bound: Any, endpoint: Endpoint) -> None:
    role, client = bound
    answer = make_place(operator, home, with_active="{active}" in endpoint.path).call(client, endpoint)
    if ROLES.index(role) < ROLES.index(endpoint.role):
        problem(answer, 403)
    else:
        assert answer.status_code == endpoint.status, answer.text


@pytest.mark.parametrize("endpoint", OF_A_DOMAIN, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_to_a_bound_token_other_domains_are_unknown(
    operator: httpx.Client, place: Any, bound: Any, endpoint: Endpoint
) -> None:
    role, client = bound
    there = place(endpoint)
    body = problem(there.call(client, endpoint), *((404,) if has(role, endpoint) else (403, 404)))
    unknown = Place("unknown", there.finished, there.active)
    if "{domain}" in endpoint.path:
        same = problem(unknown.call(client, endpoint), body["status"])
        assert same["detail"].replace("unknown", there.domain) == body["detail"]
    assert ok(operator.get(there.finished.path))["status"] == "completed"


def has(role: str, endpoint: Endpoint) -> bool:
    return ROLES.index(role) >= ROLES.index(endpoint.role)


def test_a_bound_token_changes_no_run_elsewhere(run: Run, bound: Any) -> None:
    problem(bound[1].patch(run.path, json={"note": "x"}), 403, 404)
    problem(bound[1].get(f"/training-runs/{new_id()}"), 404)


def test_a_bound_token_lists_its_domain_alone(domain: str, home: str, bound: Any) -> None:
    body = ok(bound[1].get("/domains"))
    assert ([item["name"] for item in body["items"]], body["total"]) == ([home], 1)


def test_a_bound_token_creates_no_other_domain(operator: httpx.Client, bound: Any) -> None:
    problem(bound[1].post("/domains", json={"name": "never_made", "description": "A domain under test"}), 403, 404)
    problem(operator.get("/domains/never_made"), 404)


# Open to everybody, and to pages of one other origin


@pytest.fixture(scope="module")
def anybody(impatient_service: Service) -> httpx.Client:
    return impatient_service.client()


@pytest.fixture(scope="module")
def open_place(impatient_service: Service) -> Place:
    client = impatient_service.client(impatient_service.token("operator"))
    return make_place(client, create_domain(client))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=NAMES)
def test_anonymous_readers(anybody: httpx.Client, open_place: Place, endpoint: Endpoint) -> None:
    answer = open_place.call(anybody, endpoint)
    if endpoint.role == "viewer":
        assert answer.status_code == 200, answer.text
    else:
        problem(answer, 401, 403)


def test_only_named_origins_may_call(impatient_service: Service, nobody: httpx.Client, viewer: httpx.Client) -> None:
    client = impatient_service.client(impatient_service.token("viewer"))
    named = client.get("/domains", headers={"Origin": "https://pages.example"})
    assert named.headers["access-control-allow-origin"] == "https://pages.example"
    for origin in ("https://other.example", "https://pages.example.org", "http://pages.example", "null"):
        for principal in (client, viewer):
            assert "access-control-allow-origin" not in principal.get("/domains", headers={"Origin": origin}).headers
    assert (
        "access-control-allow-origin" not in viewer.get("/domains", headers={"Origin": "https://pages.example"}).headers
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_page_of_the_named_origin_may_ask_first(anybody: httpx.Client, method: str) -> None:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
    answer = anybody.options("/domains", headers={"Origin": "https://pages.example", **asked})
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "https://pages.example"
    assert method in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    answer = anybody.options("/domains", headers={"Origin": "https://other.example", **asked})
    assert "access-control-allow-origin" not in answer.headers


def test_an_error_can_be_read_by_the_named_origin(anybody: httpx.Client) -> None:
    answer = anybody.get("/domains/unknown", headers={"Origin": "https://pages.example"})
    problem(answer, 404)
    assert answer.headers["access-control-allow-origin"] == "https://pages.example"
    assert {"date", "retry-after"} <= set(answer.headers["access-control-expose-headers"].lower().split(", "))
