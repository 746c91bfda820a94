"""What every endpoint does with requests that it cannot serve, and with unusual ones that it can."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.answers import ok, problem, refused
from tests.support.running_service import ADMIN, Service
from tests.support.runs import Run, complete, log, new_id

JSON = {"Content-Type": "application/json"}
READING = [
    "/domains",
    "/domains/{domain}",
    "/domains/{domain}/training-status",
    "/domains/{domain}/training-logs",
    "/domains/{domain}/training-logs/download",
    "/domains/{domain}/training-runs",
    "/domains/{domain}/training-runs/1",
    "/training-runs/{run}",
    "/training-runs/{run}/result",
]
TAKING_A_BODY = [
    ("POST", "/domains"),
    ("PATCH", "/domains/{domain}"),
    ("POST", "/domains/{domain}/training-runs"),
    ("PATCH", "/training-runs/{run}"),
    ("POST", "/training-runs/{run}/events"),
]


@pytest.fixture(scope="module")
def finished(operator: httpx.Client) -> Run:
    operator.post("/domains", json={"name": "for_errors", "description": "A domain under test"})
    run = Run(operator, "for_errors")
    run.send(log(), complete(result={"a": 1}))
    return run


@pytest.fixture
def at(finished: Run) -> Callable[[str], str]:
    """A function that fills in the path of an endpoint."""
    return lambda path: path.format(domain=finished.domain, run=finished.id)


# Paths and methods


@pytest.mark.parametrize(
    "path",
    ["/", "/unknown", "/domains/a/b/c", "/training-runs", "/domains/for_errors/unknown", "//domains", "/Domains"],
)
def test_unknown_paths(operator: httpx.Client, path: str) -> None:
    answer = operator.get(str(operator.base_url).rstrip("/") + path)
    problem(answer, 404)


@pytest.mark.parametrize(
    "name",
    ["%00", "a%00b", "%ff", "%c3%28", "%ed%a0%80", "a%20b", "é", "%2e%2e", "a" * 2000, "%0a", "{}", "'--", "%25"],
    ids=lambda text: text[:9],
)
def test_unusual_names_in_the_path(operator: httpx.Client, name: str) -> None:
    for rest in ("", "/training-status", "/training-logs", "/training-runs", "/training-logs/download"):
        problem(operator.get(f"/domains/{name}{rest}"), 404, 422)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/domains"),
        ("DELETE", "/domains"),
        ("PATCH", "/domains"),
        ("POST", "/domains/{domain}"),
        ("PUT", "/domains/{domain}"),
        ("POST", "/domains/{domain}/training-status"),
        ("DELETE", "/domains/{domain}/training-logs"),
        ("POST", "/domains/{domain}/training-logs/download"),
        ("PUT", "/domains/{domain}/training-runs"),
        ("PUT", "/training-runs/{run}"),
        ("POST", "/training-runs/{run}"),
        ("GET", "/training-runs/{run}/events"),
        ("GET", "/training-runs/{run}/heartbeat"),
        ("DELETE", "/training-runs/{run}/cancel"),
        ("POST", "/training-runs/{run}/result"),
        ("TRACE", "/domains"),
        ("PROPFIND", "/training-runs/{run}"),
    ],
)
def test_unknown_methods(operator: httpx.Client, at: Any, method: str, path: str) -> None:
    request = operator.build_request("GET", at(path))
    request.method = method
    problem(operator.send(request), 405)


@pytest.mark.parametrize("path", READING)
def test_a_slash_at_the_end_changes_nothing(operator: httpx.Client, at: Any, path: str) -> None:
    plain, slashed = operator.get(at(path)), operator.get(at(path) + "/")
    assert plain.status_code == slashed.status_code == 200
    if path == "/domains":
        plain_names, slashed_names = [[item["name"] for item in ok(a)["items"]] for a in (plain, slashed)]
        assert plain_names == slashed_names
    else:
        assert plain.text == slashed.text
    assert plain.headers["content-type"] == slashed.headers["content-type"]


def test_a_slash_at_the_end_of_writing(operator: httpx.Client) -> None:
    answer = operator.post("/domains/", json={"name": "slashed", "description": "A domain under test"})
    assert answer.status_code == 201
    ok(operator.patch("/domains/slashed/", json={"description": "Something else"}))
    answer = operator.post("/domains/slashed/training-runs/", json={"id": new_id()})
    assert answer.status_code == 201
    path = f"/training-runs/{answer.json()['training_run_id']}"
    ok(operator.post(f"{path}/heartbeat/"))
    ok(operator.post(f"{path}/cancel/"))
    ok(operator.post(f"{path}/events/", json={"events": [{"n": 1, **complete()}]}))
    ok(operator.patch(f"{path}/", json={"note": "x"}))
    assert operator.delete(f"{path}/").status_code == 204
    assert operator.delete("/domains/slashed/").status_code == 204
    problem(operator.get("/domains/slashed/"), 404)


@pytest.mark.parametrize("path", READING)
def test_head_is_get_without_the_body(operator: httpx.Client, at: Any, path: str) -> None:
    answer = operator.head(at(path))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == operator.get(at(path)).headers["content-type"]


def test_head_of_what_is_not_there(operator: httpx.Client, nobody: httpx.Client) -> None:
    for client, status in ((operator, 404), (nobody, 401)):
        answer = client.head("/domains/unknown")
        assert (answer.status_code, answer.content) == (status, b"")


# What is accepted and sent


@pytest.mark.parametrize("accept", ["image/png", "text/html", "application/xml", "text/csv, image/*"])
@pytest.mark.parametrize("path", READING)
def test_an_accept_header_that_cannot_be_met(operator: httpx.Client, at: Any, path: str, accept: str) -> None:
    problem(operator.get(at(path), headers={"Accept": accept}), 406)


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "application/json", "text/html, application/json;q=0.5", "text/html,*/*;q=0.1"]
)
def test_accept_headers_that_can_be_met(operator: httpx.Client, at: Any, accept: str) -> None:
    for path in READING:
        assert operator.get(at(path), headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("accept", ["", ",", "application/problem+json", "application/json; charset=utf-8"])
def test_what_generated_clients_accept(operator: httpx.Client, at: Any, domain: str, accept: str) -> None:
    headers = {"Accept": accept}
    for path in (*READING, "/training-runs/{run}/export"):
        assert operator.get(at(path), headers=headers).status_code == 200
    run = Run(operator, domain)
    run.send(complete())
    for stream in (f"/domains/{domain}/training-stream?training_run_id={run.id}", "/training-stream"):
        with operator.stream("GET", stream, headers=headers) as answer:
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert operator.delete(run.path, headers=headers).status_code == 204
    assert operator.delete(f"/domains/{domain}", headers=headers).status_code == 204


@pytest.mark.parametrize("path", ["/domains/{domain}/training-stream", "/training-stream"])
def test_streams_are_nothing_else(operator: httpx.Client, at: Any, path: str) -> None:
    problem(operator.get(at(path), headers={"Accept": "text/csv"}), 406)


@pytest.mark.parametrize("accept", [";;;", "/", "a", "*/*;q=x", "application/json;" * 99], ids=range(5))
def test_garbled_accept_headers(operator: httpx.Client, accept: str) -> None:
    answer = operator.get("/domains", headers={"Accept": accept})
    if answer.status_code != 200:
        problem(answer, 406)


@pytest.mark.parametrize(("method", "path"), TAKING_A_BODY)
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"],
)
def test_other_content_types(operator: httpx.Client, at: Any, method: str, path: str, kind: str) -> None:
    problem(operator.request(method, at(path), content=b"{}", headers={"Content-Type": kind}), 415)


def test_json_with_a_charset(operator: httpx.Client, run: Run) -> None:
    for kind in ("application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"):
        ok(operator.post(f"{run.path}/events", content=b'{"events": []}', headers={"Content-Type": kind}))


# Bodies


BAD_BODIES: dict[str, bytes] = {
    "empty": b"",
    "blank": b"  \n",
    "cut": b'{"events": [',
    "a brace": b"{",
    "text": b"hello",
    "a comma": b'{"a": 1,}',
    "two": b"{}{}",
    "garbage after": b"{} x",
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // x",
    "list": b"[]",
    "string": b'"x"',
    "number": b"5",
    "null": b"null",
    "true": b"true",
    "NaN": b"NaN",
    "invalid UTF-8": b'{"a": "\xff"}',
    "overlong": b'{"a": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "a NUL": b"{}\x00",
    "a raw NUL": b'{"a": "\x00"}',
    "a raw line break": b'{"a": "\n"}',
    "deep lists": b"[" * 100_000,
    "deep closed lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "many digits": b"1" * 10_000,
    "form": b"a=1&b=2",
}


@pytest.mark.parametrize(
    ("method", "path"), [endpoint for endpoint in TAKING_A_BODY if "events" in endpoint[1]] + [("POST", "/domains")]
)
@pytest.mark.parametrize("kind", BAD_BODIES)
def test_bad_bodies(operator: httpx.Client, at: Any, method: str, path: str, kind: str) -> None:
    problem(operator.request(method, at(path), content=BAD_BODIES[kind], headers=JSON), 422)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/domains/{domain}"), ("POST", "/domains/{domain}/training-runs"), ("PATCH", "/training-runs/{run}")],
)
@pytest.mark.parametrize("kind", [kind for kind in BAD_BODIES if kind not in ("empty", "blank")])
def test_bad_bodies_where_every_field_can_be_left_out(
    operator: httpx.Client, at: Any, method: str, path: str, kind: str
) -> None:
    problem(operator.request(method, at(path), content=BAD_BODIES[kind], headers=JSON), 422)


def test_the_body_of_a_heartbeat_or_a_request_to_stop_does_no_harm(operator: httpx.Client, run: Run) -> None:
    for path in (f"{run.path}/heartbeat", f"{run.path}/cancel"):
        for body in BAD_BODIES.values():
            answer = operator.post(path, content=body, headers=JSON)
            if answer.status_code != 200:
                problem(answer, 422)


@pytest.mark.parametrize("depth", [20, 100, 500, 900, 1500, 5000, 50_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_deep_values(operator: httpx.Client, domain: str, depth: int, opening: str, closing: str) -> None:
    deep = opening * depth + "1" + closing * depth
    answer = operator.post(f"/domains/{domain}/training-runs", content=f'{{"config": {{"k": {deep}}}}}', headers=JSON)
    if answer.status_code == 201:
        ok(operator.get(f"/domains/{domain}/training-runs/1"))
        assert ok(operator.get(f"/domains/{domain}/training-runs"))["total"] == 1
    else:
        problem(answer, 422)
    run = Run(operator, domain)
    event = f'{{"n": 1, "type": "complete", "result": {{"k": {deep}}}}}'
    answer = operator.post(f"{run.path}/events", content=f'{{"events": [{event}]}}', headers=JSON)
    if answer.status_code == 200:
        ok(operator.get(f"{run.path}/result"))
    else:
        problem(answer, 422)


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 400, "1" + "0" * 5000],
    ids=["nan", "infinity", "minus infinity", "1e400", "-1e400", "400 digits", "5000 digits"],
)
def test_numbers_beyond_a_double(operator: httpx.Client, domain: str, number: str) -> None:
    for body in (f'{{"sample_count": {number}}}', f'{{"config": {{"a": [{number}]}}}}', f'{{"config": {number}}}'):
        problem(operator.post(f"/domains/{domain}/training-runs", content=body, headers=JSON), 422)
    assert ok(operator.get(f"/domains/{domain}/training-runs"))["total"] == 0


@pytest.mark.parametrize("text", [r"\ud800", r"\udfff\ud800", r"a\udc00b", r"\u0000", r"a\u0000b"])
def test_texts_that_are_no_text(operator: httpx.Client, domain: str, text: str) -> None:
    text = f'"{text} and ten characters"'
    starts = [
        f'{{"note": {text}}}',
        f'{{"optimizer": {text}}}',
        f'{{"llm_model": {text}}}',
        f'{{"tags": [{text}]}}',
        f'{{"config": {{"a": {text}}}}}',
        f'{{"config": {{{text}: 1}}}}',
        f'{{"config": {{"a": [{{{text}: 1}}]}}}}',
        f'{{"id": {text}}}',
    ]
    for body in starts:
        problem(operator.post(f"/domains/{domain}/training-runs", content=body, headers=JSON), 422)
    for body in (
        f'{{"name": {text}, "description": "A domain under test"}}',
        f'{{"name": "never_made", "description": {text}}}',
        f'{{"name": "never_made", "description": "A domain under test", "llm_model": {text}}}',
    ):
        problem(operator.post("/domains", content=body, headers=JSON), 422)
    problem(operator.patch(f"/domains/{domain}", content=f'{{"description": {text}}}', headers=JSON), 422)
    assert ok(operator.get(f"/domains/{domain}/training-runs"))["total"] == 0


def test_a_byte_order_mark_does_no_harm(operator: httpx.Client, run: Run) -> None:
    answer = operator.post(f"{run.path}/events", content=b'\xef\xbb\xbf{"events": []}', headers=JSON)
    if answer.status_code != 200:
        problem(answer, 422)


@pytest.mark.parametrize(
    "body",
    [
        '{"events": [], "events": [{"n": 1, "type": "log", "level": "INFO", "message": "x"}]}',
        '{"events": [{"n": 1, "n": 2, "type": "log", "level": "INFO", "message": "x"}]}',
        '{"events": [{"n": 1, "type": "log", "level": "INFO", "message": "x", "metrics": {"a": 1, "a": 2}}]}',
    ],
)
def test_duplicate_keys_do_no_harm(operator: httpx.Client, run: Run, body: str) -> None:
    answer = operator.post(f"{run.path}/events", content=body, headers=JSON)
    if answer.status_code != 200:
        problem(answer, 409, 422)


def test_errors_name_the_fields(operator: httpx.Client) -> None:
    body = refused(operator.post("/domains", json={"name": "Bad Name", "description": "short", "llm_model": 5}))
    assert {error["field"] for error in body["errors"]} <= {"name", "description", "llm_model"}


def test_bodies_in_chunks(operator: httpx.Client, run: Run) -> None:
    def pieces(text: str) -> Iterator[bytes]:
        for character in text:
            yield character.encode()

    body = json.dumps({"events": [{"n": 1, **log("in é pieces 🙂")}]}, ensure_ascii=False)
    ok(operator.post(f"{run.path}/events", content=pieces(body), headers=JSON))
    assert run.entries()[0]["message"] == "in é pieces 🙂"
    problem(operator.post(f"{run.path}/events", content=pieces('{"events": ['), headers=JSON), 422)
    problem(operator.post(f"{run.path}/events", content=pieces("{}"), headers={"Content-Type": "text/plain"}), 415)


# The connection


@pytest.fixture
def connection(service: Service) -> Iterator[http.client.HTTPConnection]:
    parts = urlsplit(service.url)
    opened = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    opened.connect()
    yield opened
    opened.close()


def exchange(
    connection: http.client.HTTPConnection,
    service: Service,
    method: str,
    path: str,
    body: bytes | None = None,
    **headers: str,
) -> int:
    connection.request(
        method,
        ADMIN + path,
        body,
        {"Authorization": f"Bearer {service.token('operator')}", "Content-Type": "application/json", **headers},
    )
    answer = connection.getresponse()
    answer.read()
    return answer.status


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/domains/unknown", None, 404),
        ("PUT", "/domains", b"{}", 405),
        ("POST", "/domains", b"{", 422),
        ("POST", "/domains", b"[" * 100_000, 422),
        ("GET", "/unknown", None, 404),
        ("POST", "/unknown", b"x" * 70_000, 404),
        ("POST", "/domains/unknown/training-runs", b"x" * 300_000, 404),
        ("GET", "/domains?page=0", None, 422),
        ("HEAD", "/domains/unknown", None, 404),
        ("DELETE", "/domains/unknown", b"x" * 1000, 404),
    ],
    ids=range(10),
)
def test_the_connection_survives_an_error(
    service: Service, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None, status: int
) -> None:
    socket = connection.sock
    got = exchange(connection, service, method, path, body)
    if "unknown/training-runs" not in path:
        assert got == status
    for _ in range(2):
        assert exchange(connection, service, "GET", "/domains") == 200
    assert connection.sock is socket


def test_the_connection_survives_refused_credentials(service: Service, connection: http.client.HTTPConnection) -> None:
    socket = connection.sock
    assert exchange(connection, service, "POST", "/domains", b"x" * 100_000, Authorization="Bearer x") == 401
    assert exchange(connection, service, "GET", "/domains") == 200
    assert connection.sock is socket


@pytest.mark.parametrize("text", ["é", "ПРИВЕТ", "🙂"])
def test_raw_bytes_in_the_query(
    service: Service, connection: http.client.HTTPConnection, finished: Run, text: str
) -> None:
    for raw in (text.encode(), b"\xff\xfe", "é".encode("latin-1")):
        path = f"{ADMIN}/domains/{finished.domain}/training-logs?search=".encode() + raw
        authorization = f"Authorization: Bearer {service.token('operator')}".encode()
        connection.sock.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + authorization + b"\r\n\r\n")
        answer = http.client.HTTPResponse(connection.sock)
        answer.begin()
        body = answer.read().decode()
        assert answer.status < 500, body
        assert "Traceback" not in body
        connection.close()
        connection.connect()
    assert exchange(connection, service, "GET", "/domains") == 200


def test_unknown_parameters_do_no_harm(operator: httpx.Client, finished: Run) -> None:
    for path in READING:
        answer = operator.get(f"{path.format(domain=finished.domain, run=finished.id)}?unknown=1&_=2&%00=x&a[]=1")
        assert answer.status_code in (200, 422), answer.text
