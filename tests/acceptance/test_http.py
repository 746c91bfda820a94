"""HTTP as it is: lengths, old clients, and requests that are too large, said over a bare socket."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.domains import create_domain
from tests.support.running_service import ADMIN, Service
from tests.support.runs import Run, complete, log

LIMIT_S = 30.0
AN_ENTRY = b'"message":"one"'

Exchange = Callable[..., tuple[bytes, dict[bytes, bytes], bytes]]


def connect(service: Service) -> socket.socket:
    parts = urlsplit(service.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=LIMIT_S)


def read_to_the_end(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


@pytest.fixture
def exchange(service: Service) -> Exchange:
    """A function that sends a request: the status line, the headers and what comes until the connection ends."""

    def send(request: str, **headers: str) -> tuple[bytes, dict[bytes, bytes], bytes]:
        token = service.token("operator")
        given = {"Host": "localhost", "Authorization": f"Bearer {token}", **headers}
        lines = [request, *(f"{name.replace('_', '-')}: {value}" for name, value in given.items()), "", ""]
        with closing(connect(service)) as connection:
            connection.sendall("\r\n".join(lines).encode())
            head, _, body = read_to_the_end(connection).partition(b"\r\n\r\n")
        status, *fields = head.split(b"\r\n")
        return status, dict(field.lower().split(b": ", 1) for field in fields), body

    return send


@pytest.fixture
def paths(run: Run) -> list[str]:
    """An address of each kind."""
    run.send(log("one"), complete(result={"prompts": {}}))
    domain = f"{ADMIN}/domains/{run.domain}"
    return [
        "/healthz",
        "/",
        "/sign-in",
        "/nothing",
        "/docs",
        "/favicon.ico",
        "/admin/",
        "/admin/login/",
        "/static/dashboard/page.css",
        "/static/nothing.css",
        "/redoc/script.js",
        "/api/schema",
        "/api/schema?format=json",
        "/api/nothing",
        f"{ADMIN}/domains",
        f"{ADMIN}/domains/nothing",
        f"{ADMIN}/nothing",
        domain,
        f"{domain}/training-status",
        f"{domain}/training-status?run=x",
        f"{domain}/training-logs",
        f"{domain}/training-history",
        f"{domain}/training-logs/download",
        f"{domain}/training-logs/download?format=text",
        f"{domain}/training-stream",
        f"{domain}/training-stream?training_run_id={run.id}",
        f"{ADMIN}/training-stream",
        f"{ADMIN}{run.path}",
        f"{ADMIN}{run.path}/result",
        f"{ADMIN}{run.path}/export",
    ]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_head_says_the_length_that_get_says_or_none(service: Service, paths: list[str], encoding: str) -> None:
    headers = {"Authorization": f"Bearer {service.token('operator')}", "Accept-Encoding": encoding}
    with httpx.Client(base_url=service.url, headers=headers, timeout=LIMIT_S) as client:
        for path in paths:
            head = client.head(path)
            assert head.content == b"", path
            with client.stream("GET", path) as answer:
                assert head.status_code == answer.status_code, path
                assert head.headers.get("content-type") == answer.headers.get("content-type"), path
                assert head.headers.get("content-encoding") == answer.headers.get("content-encoding"), path
                said = answer.headers.get("content-length")
                assert head.headers.get("content-length") in (None, said), path
                if said is not None:
                    assert len(b"".join(answer.iter_raw())) == int(said), path


def test_what_has_no_body_says_no_length(service: Service, operator: httpx.Client, domain: str) -> None:
    removed = operator.delete(f"/domains/{domain}")
    assert removed.status_code == 204
    assert "content-length" not in removed.headers
    assert "transfer-encoding" not in removed.headers
    page = f"{service.url}/static/dashboard/page.css"
    etag = operator.get(page).headers["etag"]
    known = operator.get(page, headers={"If-None-Match": etag})
    assert (known.status_code, known.content) == (304, b"")
    assert "content-length" not in known.headers


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
@pytest.mark.parametrize("version", ["1.0", "0.9"])
def test_an_old_client_gets_no_chunks(exchange: Exchange, paths: list[str], version: str, connection: str) -> None:
    for path in paths:
        if "training-stream" in path and "training_run_id" not in path:
            continue  # has no end
        for encoding in ("identity", "gzip"):
            status, headers, body = exchange(
                f"GET {path} HTTP/{version}", Connection=connection, Accept_Encoding=encoding
            )
            assert status.startswith(b"HTTP/1.1 "), path
            assert b"transfer-encoding" not in headers, path
            assert headers[b"connection"] == b"close", path
            assert len(body) == int(headers.get(b"content-length", len(body))), path
            if path.endswith(("/download", f"training_run_id={path[-36:]}")) and encoding == "identity":
                assert AN_ENTRY in body


def test_an_old_client_is_not_told_to_continue(exchange: Exchange) -> None:
    status, *_ = exchange(f"POST {ADMIN}/domains HTTP/1.0", Expect="100-continue", Content_Length="0")
    assert status.startswith(b"HTTP/1.1 4")


@pytest.fixture
def fragile() -> Iterator[Service]:
    """A service that may complain of what is done to it."""
    running = Service()
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_an_old_client_learns_that_a_download_has_broken_off(fragile: Service) -> None:
    """A body that ends with its connection must not end like that when it is not complete."""
    operator = fragile.client(fragile.token("operator"))
    run = Run(operator, create_domain(operator))
    for _ in range(20):
        run.send(*[log("x" * 60_000) for _ in range(60)])
    with closing(connect(fragile)) as connection:
        request = f"GET {ADMIN}/domains/{run.domain}/training-logs/download HTTP/1.0\r\nHost: localhost\r\n"
        connection.sendall(f"{request}Authorization: Bearer {fragile.token('viewer')}\r\n\r\n".encode())
        assert connection.recv(1000)
        run.send(complete())
        assert operator.delete(run.path).status_code == 204
        with pytest.raises(ConnectionResetError):
            read_to_the_end(connection)


@pytest.mark.parametrize("size", [16 * 1024, 60_000, 70_000, 3_000_000])
def test_a_url_that_is_too_long(exchange: Exchange, size: int) -> None:
    status, headers, body = exchange(f"GET /api/v1/admin/domains?a={'x' * size} HTTP/1.1")
    assert status.startswith(b"HTTP/1.1 414 ")
    assert headers[b"content-type"] == b"application/problem+json"
    assert len(body) == int(headers[b"content-length"])


@pytest.mark.parametrize("size", [66_000, 200_000, 3_000_000])
def test_headers_that_are_too_large(exchange: Exchange, size: int) -> None:
    for upgrade in ({}, {"Connection": "Upgrade", "Upgrade": "websocket"}):
        status, headers, body = exchange("GET /api/v1/admin/domains HTTP/1.1", X_Long="x" * size, **upgrade)
        assert status.startswith(b"HTTP/1.1 431 ")
        assert len(body) == int(headers[b"content-length"])


def test_large_headers_that_are_not_too_large(exchange: Exchange) -> None:
    status, *_ = exchange("GET /api/v1/admin/domains HTTP/1.1", X_Long="x" * 60_000, Connection="close")
    assert status == b"HTTP/1.1 200 OK"


def test_the_absolute_form_of_an_address(exchange: Exchange) -> None:
    status, *_ = exchange(f"GET http://localhost{ADMIN}/domains HTTP/1.1", Connection="close")
    assert status == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "framing",
    [
        {"Content_Length": "2", "content-length": "3"},
        {"Content_Length": "2", "Transfer_Encoding": "chunked"},
        {"Content_Length": "-1"},
        {"Content_Length": "2x"},
    ],
)
def test_a_length_that_says_two_things(exchange: Exchange, framing: dict[str, str]) -> None:
    status, *_ = exchange(f"POST {ADMIN}/domains HTTP/1.1", **framing)
    assert status.startswith(b"HTTP/1.1 400 ")


STATIC = "/static/dashboard/page.css"
LINE = f"GET {ADMIN}/domains HTTP/1.1"


@pytest.mark.parametrize("hosts", ["", "Host: localhost\r\nHost: localhost\r\n", "Host: localhost\r\nhost: other\r\n"])
@pytest.mark.parametrize("path", ["/healthz", STATIC, f"{ADMIN}/domains", "/ws/domains/a/training"])
def test_a_request_has_one_host(service: Service, hosts: str, path: str) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n" if path.startswith("/ws/") else "Connection: close\r\n"
    with closing(connect(service)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\n{hosts}{upgrade}\r\n".encode())
        status, _, rest = read_to_the_end(connection).partition(b"\r\n")
    assert status == b"HTTP/1.1 400 Bad Request"
    assert b'"code":"wrong_host"' in rest


def test_an_old_client_needs_no_host(service: Service) -> None:
    with closing(connect(service)) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert read_to_the_end(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("with_token", [True, False])
def test_a_cache_is_told_what_it_may_keep(service: Service, paths: list[str], with_token: bool) -> None:
    """Files that are the same for everybody, and nothing else: a cache guesses where nothing is said."""
    headers = {"Authorization": f"Bearer {service.token('operator')}"} if with_token else {}
    with httpx.Client(base_url=service.url, headers=headers, timeout=LIMIT_S) as client:
        for path in paths:
            with client.stream("GET", path) as answer:
                said = answer.headers.get("cache-control", "")
            if path == STATIC:
                assert said == "public, no-cache"
            else:
                assert {"no-cache", "no-store"} & set(said.split(", ")), (path, said)
        for method in ("POST", "OPTIONS"):
            assert client.request(method, "/healthz").headers["cache-control"]


def test_what_was_created_says_where_it_is(operator: httpx.Client) -> None:
    new = {"name": "has_an_address", "description": "Where is it after it was created?"}
    created = operator.post("/domains", json=new)
    assert (created.status_code, created.headers["location"]) == (201, f"{ADMIN}/domains/has_an_address")
    started = operator.post("/domains/has_an_address/training-runs", json={})
    run_id = started.json()["training_run_id"]
    assert (started.status_code, started.headers["location"]) == (201, f"{ADMIN}/training-runs/{run_id}")
    again = operator.post("/domains/has_an_address/training-runs", json={"id": run_id})
    assert again.status_code == 200
    assert "location" not in again.headers


@pytest.mark.parametrize(
    ("wanted", "begin", "stop"),
    [("0-0", 0, 1), ("5-9", 5, 10), ("-7", -7, None), ("10-", 10, None), ("-1", -1, None)],
)
def test_a_part_of_a_static_file(nobody: httpx.Client, wanted: str, begin: int, stop: int | None) -> None:
    plain = {"Accept-Encoding": "identity"}
    whole = nobody.get(f"{nobody.base_url.copy_with(path=STATIC)}", headers=plain)
    assert whole.headers["accept-ranges"] == "bytes"
    part = nobody.get(str(whole.url), headers={**plain, "Range": f"bytes={wanted}"})
    assert (part.status_code, part.content) == (206, whole.content[begin:stop])
    assert part.headers["etag"] == whole.headers["etag"]
    assert int(part.headers["content-length"]) == len(part.content)
    assert nobody.head(str(whole.url), headers={**plain, "Range": f"bytes={wanted}"}).status_code == 200


def test_what_is_no_part_of_a_static_file(nobody: httpx.Client) -> None:
    plain = {"Accept-Encoding": "identity"}
    address = str(nobody.base_url.copy_with(path=STATIC))
    whole = nobody.get(address, headers=plain)
    for header in ("bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "nonsense"):
        assert nobody.get(address, headers={**plain, "Range": header}).content == whole.content, header
    for header in (f"bytes={len(whole.content)}-", "bytes=-0"):
        refused = nobody.get(address, headers={**plain, "Range": header})
        assert (refused.status_code, refused.headers["content-range"]) == (416, f"bytes */{len(whole.content)}")
    for validator in ('"other"', whole.headers["etag"]):  # which is weak
        ranged = {**plain, "Range": "bytes=0-1", "If-Range": validator}
        assert nobody.get(address, headers=ranged).content == whole.content
    assert nobody.get(address, headers={"Range": "bytes=0-1", "Accept-Encoding": "gzip"}).content == whole.content


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_who_has_a_static_file_is_told_so(nobody: httpx.Client, encoding: str) -> None:
    address = str(nobody.base_url.copy_with(path=STATIC))
    etag = nobody.get(address, headers={"Accept-Encoding": encoding}).headers["etag"]
    known = nobody.get(address, headers={"Accept-Encoding": encoding, "If-None-Match": etag})
    assert (known.status_code, known.content) == (304, b"")
    assert "Accept-Encoding" in known.headers["vary"]
    assert known.headers["cache-control"] == "public, no-cache"
    assert nobody.get(address, headers={"If-None-Match": '"x"'}).status_code == 200
