"""What is the WebSocket's own: its handshake, who may open it from which page, its close codes, deafness."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.domains import create_domain
from tests.support.live_viewers import WebSocketViewer, lasting
from tests.support.running_service import ADMIN, Service
from tests.support.runs import ENTITY, Run, complete, fail, log, phase, progress
from tests.support.stream_viewers import Audience, denied

CLOSED_WITHIN_S = 15.0
STORY = [phase(ENTITY, message="120 samples"), progress(0.6, message="trial", metrics={"f1": 0.5}), log("a\r\n\nline")]


@pytest.fixture
def socket(audience: Audience) -> Callable[..., WebSocketViewer]:
    return audience.websocket


@pytest.mark.parametrize("end", [complete(message="done"), fail("broken")], ids=["completed", "failed"])
def test_the_same_as_by_server_sent_events(audience: Audience, run: Run, end: dict[str, str]) -> None:
    run.send(*STORY, end)
    viewers = audience.websocket(run.domain, training_run_id=run.id), audience.sse(run.domain, training_run_id=run.id)
    for viewer in viewers:
        viewer.await_over()
    by_socket, by_sse = ([(one.type, one.envelope["data"], one.envelope) for one in viewer.told] for viewer in viewers)
    assert len(by_socket) == len(by_sse) == 6
    for (kind, data, envelope), (other_kind, other_data, other_envelope) in zip(by_socket, by_sse, strict=True):
        assert kind == other_kind
        if kind == "log":
            assert data == other_data
        else:
            assert lasting(data["status"]) == lasting(other_data["status"])
        moment = {"timestamp", "data"}
        assert {k: v for k, v in envelope.items() if k not in moment} == {
            k: v for k, v in other_envelope.items() if k not in moment
        }


@pytest.mark.parametrize("end", [complete(), fail()], ids=["completed", "failed"])
def test_the_end_of_a_run_closes_its_socket(socket: Callable[..., WebSocketViewer], run: Run, end: dict) -> None:
    watching, of_domain = socket(run.domain, training_run_id=run.id), socket(run.domain)
    run.send(log(), end)
    watching.await_over()
    of_domain.await_told(lambda one: one.is_end)
    late = socket(run.domain, training_run_id=run.id)
    late.await_over()
    assert (watching.close_code, late.close_code) == (1000, 1000)
    assert not of_domain.is_over


def test_the_service_going_away_is_1012(own_service: Service) -> None:
    client = own_service.client(own_service.token("operator"))
    run = Run(client, create_domain(client))
    with Audience(own_service, own_service.token("viewer")) as audience:
        viewers = [audience.websocket(run.domain), audience.websocket(run.domain, training_run_id=run.id)]
        for viewer in viewers:
            viewer.await_type("progress_update")
        own_service.terminate(CLOSED_WITHIN_S)
        for viewer in viewers:
            viewer.await_over()
            assert viewer.close_code == 1012


@pytest.mark.parametrize(
    "said",
    [["hello"], [b"\x00\xff"], ["{"], [""], ['{"type": "websocket.close"}'], ["x" * 4000], ["x"] * 300],
    ids=["text", "bytes", "bad JSON", "nothing", "JSON", "long", "many"],
)
def test_what_a_client_says_is_ignored(
    socket: Callable[..., WebSocketViewer], run: Run, said: list[str | bytes]
) -> None:
    viewer = socket(run.domain)
    viewer.await_type("progress_update")
    for message in said:
        viewer.send(message)
    run.send(log())
    viewer.await_seq(1)
    for message in said:
        viewer.send(message)
    run.send(log(), complete())
    viewer.await_type("completed")
    assert viewer.seqs == [1, 2]


def test_resuming_with_a_run_and_a_number(socket: Callable[..., WebSocketViewer], run: Run) -> None:
    run.send(*STORY)
    socket(run.domain, training_run_id=run.id, after=1).await_story("progress_update", 2, 3, "progress_update")
    run.send(complete())
    viewer = socket(run.domain, training_run_id=run.id, after=2)
    viewer.await_over()
    assert viewer.story == ["progress_update", 3, "completed"]


def test_resuming_with_a_header(socket: Callable[..., WebSocketViewer], run: Run) -> None:
    run.send(*STORY)
    socket(run.domain, last_event_id="1.2").await_story(3, "progress_update")
    run.send(complete())
    viewer = socket(run.domain, training_run_id=run.id, last_event_id="1.2")
    viewer.await_over()
    assert viewer.story == [3, "completed"]


def test_paths_that_are_not_there(audience: Audience, service: Service, domain: str) -> None:
    headers = {"Authorization": f"Bearer {service.token('viewer')}"}
    base = service.url.replace("http", "ws", 1)
    for path in (
        "/ws",
        "/ws/",
        "/ws/other",
        f"/ws/domains/{domain}",
        f"/ws/domains/{domain}/training/more",
        "/ws/domains//training",
        f"/api/v1/admin/domains/{domain}/training-stream",
        "/",
        "/healthz",
    ):
        viewer = WebSocketViewer(base + path, headers)
        assert viewer.answer.status_code in (403, 404, 405, 426), path
        viewer.close()
    assert httpx.get(service.url + f"/ws/domains/{domain}/training", headers=headers).status_code in (400, 404, 426)


# Origins


@pytest.fixture(scope="module")
def trusting_service() -> Iterator[Service]:
    """A service behind a proxy that ends TLS for one origin, and open to the pages of another."""
    service = Service(AEGIS_TRUSTED_ORIGINS="https://aegis.example", AEGIS_CORS_ORIGINS="https://pages.example")
    try:
        service.start()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="module")
def trusting(trusting_service: Service) -> Iterator[tuple[Audience, str]]:
    client = trusting_service.client(trusting_service.token("operator"))
    with Audience(trusting_service, trusting_service.token("viewer")) as audience:
        yield audience, Run(client, create_domain(client)).domain


def of_itself(service: Service) -> tuple[str, int]:
    parts = urlsplit(service.url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def test_a_program_has_no_origin(trusting: tuple[Audience, str]) -> None:
    audience, domain = trusting
    audience.websocket(domain).await_type("progress_update")


def test_origins_that_may(trusting: tuple[Audience, str], trusting_service: Service) -> None:
    audience, domain = trusting
    for origin in (trusting_service.url, "https://pages.example", "https://aegis.example"):
        audience.websocket(domain, headers={"Origin": origin}).await_type("progress_update")


def test_the_origin_is_held_to_the_host_called(trusting: tuple[Audience, str], trusting_service: Service) -> None:
    audience, domain = trusting
    _, port = of_itself(trusting_service)
    by_name = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    audience.websocket(domain, headers=by_name).await_type("progress_update")
    denied(audience.websocket(domain, headers={"Origin": f"http://localhost:{port}"}), 403)


@pytest.mark.parametrize(
    "origin",
    [
        "https://other.example",
        "https://pages.example.org",
        "https://pages.example:8443",
        "http://pages.example",
        "https://evil.example/https://pages.example",
        "null",
        "x",
        "file://",
        "http://{host}",
        "http://{host}:1",
        "http://{host}:{port}.evil.example",
        "http://evil.example#{host}:{port}",
        "http://[",
        "http://{host}:x",
    ],
)
def test_origins_that_may_not(trusting: tuple[Audience, str], trusting_service: Service, origin: str) -> None:
    audience, domain = trusting
    host, port = of_itself(trusting_service)
    denied(audience.websocket(domain, headers={"Origin": origin.format(host=host, port=port)}), 403)


def test_a_foreign_host_is_refused(trusting: tuple[Audience, str], trusting_service: Service) -> None:
    """A name that is not this service's: a page that rebinds its name to this address gets nothing."""
    audience, domain = trusting
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    by_http = httpx.get(f"{trusting_service.url}{ADMIN}/domains", headers={"Host": "evil.example"})
    denied(audience.websocket(domain, headers=headers), by_http.status_code)


def test_a_session_is_no_good_from_a_foreign_page(trusting: tuple[Audience, str], trusting_service: Service) -> None:
    domain = trusting[1]
    cookie = f"sessionid={trusting_service.sign_in().cookies['sessionid']}"
    with Audience(trusting_service, None) as strangers:
        own = {"Cookie": cookie, "Origin": trusting_service.url}
        strangers.websocket(domain, headers=own).await_type("progress_update")
        denied(strangers.websocket(domain, headers={**own, "Origin": "https://other.example"}), 403)
