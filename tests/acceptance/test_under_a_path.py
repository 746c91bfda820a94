"""The service under a path of a host, behind a real nginx that passes the path on as it is, or strips it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.support.answers import ok, problem
from tests.support.domains import create_domain
from tests.support.project import PROJECT
from tests.support.running_nginx import Nginx
from tests.support.running_service import ADMIN, Service
from tests.support.runs import Run, complete, log
from tests.support.typescript_client import ClientProgram

LIMIT_S = 30.0
PREFIX = "/training"

_PASSED_ON = "proxy_pass http://127.0.0.1:8000;"
_STRIPPED = "proxy_pass http://127.0.0.1:8000/;"

TRAINING = """
from aegis_tracker import Client, TrainingProgressTracker, phases

with TrainingProgressTracker({domain!r}) as tracker:
    tracker.enter_phase(phases.LOADING_DATA, "from under a path")
    tracker.log("WARNING", "slow")
    tracker.complete({{"entity_f1": 0.87}})
    assert tracker.flush(20)
with Client() as client:
    run = client.status({domain!r})["training_run_id"]
    events = [event["event_type"] for event in client.watch({domain!r}, training_run_id=run)]
    print(client.status({domain!r})["status"], events[-1], [entry["message"] for entry in client.logs({domain!r})])
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    running = Service(AEGIS_HTTPS="1", AEGIS_URL_PREFIX=f"{PREFIX}/")
    try:
        running.start()
        yield running
    finally:
        running.stop()
    assert not running.complaints


@pytest.fixture(scope="module")
def neighbour() -> Iterator[Service]:
    """Another service, which has the rest of the host for itself."""
    running = Service(AEGIS_HTTPS="1")
    try:
        running.start()
        yield running
    finally:
        running.stop()
    assert not running.complaints


@pytest.fixture(scope="module", params=["passed on", "stripped"])
def nginx(
    service: Service, neighbour: Service, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nginx]:
    """nginx, which passes the prefix on or takes it off."""
    rest = (
        f"location / {{ proxy_pass {neighbour.url}; proxy_set_header Host $http_host; "
        "proxy_set_header X-Forwarded-Proto $scheme; }\n    location /training/ {"
    )
    proxy_pass = {_PASSED_ON: _STRIPPED} if request.param == "stripped" else {}
    running = Nginx(
        tmp_path_factory.mktemp("nginx"),
        service.url,
        configuration="nginx-under-a-path.conf",
        changes={**proxy_pass, "location /training/ {": rest},
    )
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def through(service: Service, nginx: Nginx) -> Iterator[httpx.Client]:
    """An operator's client that goes through nginx."""
    headers = {"Authorization": f"Bearer {service.token('operator')}"}
    with httpx.Client(
        base_url=nginx.url + PREFIX + ADMIN, verify=nginx.tls, timeout=LIMIT_S, headers=headers
    ) as client:
        yield client


@pytest.fixture
def run(through: httpx.Client) -> Run:
    return Run(through, create_domain(through))


@pytest.fixture
def browser(nginx: Nginx) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=nginx.url, verify=nginx.tls, timeout=LIMIT_S, headers={"Origin": nginx.url}) as client:
        yield client


def sign_in(browser: httpx.Client, service: Service, prefix: str) -> httpx.Response:
    """What the sign-in form answers, sent as the page has it."""
    page = browser.get(f"{prefix}/sign-in").text
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
    (action,) = re.findall(r'<form class="sign-in" method="post" action="(.*?)"', page)
    form = {"username": "operator", "password": service.operator_password, "csrfmiddlewaretoken": token}
    return browser.post(action, data=form)


def test_signing_in_and_out_stays_under_the_path(service: Service, browser: httpx.Client) -> None:
    asked = browser.get(f"{PREFIX}/domains/some")
    assert (asked.status_code, asked.headers["location"]) == (302, f"{PREFIX}/sign-in?next={PREFIX}/domains/some")
    answer = sign_in(browser, service, PREFIX)
    assert (answer.status_code, answer.headers["location"]) == (302, f"{PREFIX}/")
    cookies = {cookie.name: cookie for cookie in browser.cookies.jar}
    assert {cookie.path for cookie in cookies.values()} == {f"{PREFIX}/"}
    assert browser.get(f"{PREFIX}/admin/").status_code == 200
    assert browser.get(f"{PREFIX}/admin").headers["location"] == f"{PREFIX}/admin/"
    page = browser.get(f"{PREFIX}/")
    assert page.status_code == 200
    for address in re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text):
        assert address.startswith(f"{PREFIX}/"), address
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[0]
    out = browser.post(f"{PREFIX}/sign-out", data={"csrfmiddlewaretoken": token})
    assert (out.status_code, out.headers["location"]) == (302, f"{PREFIX}/sign-in")


def test_two_services_on_one_host_do_not_sign_each_other_out(
    service: Service, neighbour: Service, browser: httpx.Client
) -> None:
    assert sign_in(browser, neighbour, "").headers["location"] == "/"
    assert sign_in(browser, service, PREFIX).headers["location"] == f"{PREFIX}/"
    for address in ("/", "/admin/", f"{PREFIX}/", f"{PREFIX}/admin/"):
        assert browser.get(address).status_code == 200, address


def test_the_description_of_the_api_says_where_it_is(through: httpx.Client, nginx: Nginx) -> None:
    described = through.get(f"{nginx.url}{PREFIX}/api/schema", params={"format": "json"}).json()
    assert described["servers"] == [{"url": PREFIX}]
    assert f"{ADMIN}/domains" in described["paths"]


def test_static_files_have_the_prefix(browser: httpx.Client) -> None:
    icon = browser.get(f"{PREFIX}/favicon.ico").headers["location"]
    assert re.fullmatch(rf"{PREFIX}/static/dashboard/icon\.[0-9a-f]{{12}}\.svg", icon)
    assert "immutable" in browser.get(icon).headers["cache-control"]
    answer = browser.get(f"{PREFIX}/static/dashboard/js/run_page.js", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")


def test_errors_of_the_api_are_problems(through: httpx.Client, nginx: Nginx) -> None:
    problem(through.get("/domains/unknown"), 404)
    problem(through.get(f"{nginx.url}{PREFIX}/api/unknown"), 404)
    ok(through.get("/domains/"))


def test_what_only_looks_like_the_prefix_is_not_it(service: Service) -> None:
    assert httpx.get(f"{service.url}{PREFIX}s/healthz", timeout=LIMIT_S).status_code == 404


def test_health_is_answered_with_and_without_the_prefix(service: Service, browser: httpx.Client) -> None:
    assert httpx.get(f"{service.url}/healthz", timeout=LIMIT_S).status_code == 200
    assert httpx.get(f"{service.url}{PREFIX}/healthz", timeout=LIMIT_S).status_code == 200
    assert browser.get(f"{PREFIX}/healthz").json() == {"status": "ok"}


def test_streams(service: Service, nginx: Nginx, through: httpx.Client, browser: httpx.Client, run: Run) -> None:
    """Server-Sent Events with a ticket, and a WebSocket of a page that is signed in."""
    run.send(log("one"))
    ticket = through.post("/stream-tickets", json={"domain": run.domain}).json()["ticket"]
    address = f"{nginx.url}{PREFIX}{ADMIN}/domains/{run.domain}/training-stream"
    parameters = {"training_run_id": run.id, "ticket": ticket}
    with httpx.stream("GET", address, params=parameters, verify=nginx.tls, timeout=LIMIT_S) as answer:
        assert answer.status_code == 200
        assert '"message":"one"' in next(line for line in answer.iter_lines() if '"log"' in line)
    sign_in(browser, service, PREFIX)
    cookie = "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar)
    with connect(
        f"{nginx.url.replace('https', 'wss')}{PREFIX}/ws/domains/{run.domain}/training?training_run_id={run.id}",
        ssl=nginx.tls,
        proxy=None,
        open_timeout=LIMIT_S,
        origin=nginx.url,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie},
    ) as socket:
        envelope: dict[str, Any] = {"event_type": None}
        while envelope["event_type"] != "log":
            envelope = json.loads(socket.recv(timeout=LIMIT_S))
        assert envelope["message"] == "one"


def test_downloads(nginx: Nginx, through: httpx.Client, run: Run) -> None:
    run.send(log("one"), complete())
    whole = through.get(f"/domains/{run.domain}/training-logs/download", params={"format": "text"})
    assert whole.text.endswith("one\n")
    assert "one" in through.get(f"/training-runs/{run.id}/export").text


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_python_tracker_and_client(service: Service, nginx: Nginx, through: httpx.Client, slash: str) -> None:
    """A whole run is reported, followed and read, with only AEGIS_URL and AEGIS_TOKEN set."""
    domain = create_domain(through)
    trained = subprocess.run(
        [sys.executable, "-c", TRAINING.format(domain=domain)],
        env={
            **os.environ,
            "AEGIS_URL": f"{nginx.url}{PREFIX}{slash}",
            "AEGIS_TOKEN": service.token("operator"),
            "AEGIS_SPOOL_DIR": str(nginx.access_log.with_name(f"spool-{domain}")),
            "SSL_CERT_FILE": str(nginx.certificate),
        },
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S * 2,
        check=False,
    )
    assert (trained.returncode, trained.stderr) == (0, "")
    assert trained.stdout == "completed completed ['from under a path', 'slow']\n"


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_typescript_client(
    service: Service, nginx: Nginx, run: Run, monkeypatch: pytest.MonkeyPatch, slash: str
) -> None:
    run.send(log("one"), log("two"), complete())
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(nginx.certificate))
    url, token = f"{nginx.url}{PREFIX}{slash}", service.token("viewer")
    with ClientProgram(url, token, "logs", run.domain) as logs:
        assert [entry["message"] for entry in logs.to_the_end()] == ["one", "two"]
    with ClientProgram(url, token, "watch", run.domain, trainingRunId=run.id) as watch:
        watch.to_the_end()
        assert watch.events[-1]["event_type"] == "completed"
