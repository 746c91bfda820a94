"""A response is handed over whole, a stream part by part until its reader has gone, and both are closed."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest

from aegis_training.serving import wsgi_in_threads
from aegis_training.serving.scope_keys import CLIENT_GONE
from aegis_training.serving.wsgi_in_threads import WsgiInThreads

AWAIT_S = 20

SCOPE = {"type": "http", "method": "POST", "path": "/a", "query_string": b"b=c", "http_version": "1.1"}
START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": [(b"x-one", b"1")]}


class Response:
    """What a WSGI application returns, as Django's responses are."""

    def __init__(self, parts: Iterator[bytes], *, streaming: bool) -> None:
        self._parts, self.streaming, self.closed = parts, streaming, False

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        self.closed = True


async def at_once(message: Any) -> None:
    """A reader who takes everything."""


def exchange(
    respond: Callable[[Any], Any],
    take: Callable[[Any], Awaitable[None]] = at_once,
    *,
    leaves: bool = False,
    method: str = "POST",
    status: str = "200 OK",
    headers: Sequence[tuple[str, str]] = (("X-One", "1"),),
) -> list[Any]:
    """What is taken of the answer to one request, when the application returns `respond(environ)`."""
    sent: list[Any] = []
    received: list[Any] = [{"type": "http.request", "body": b"hello", "more_body": False}]
    if leaves:
        received.append({"type": "http.disconnect"})

    def application(environ: Any, start_response: Any) -> Any:
        response = respond(environ)
        start_response(status, list(headers))
        return response

    async def receive() -> Any:
        if not received:
            await asyncio.Event().wait()  # nothing more ever comes
        return received.pop(0)

    async def send(message: Any) -> None:
        await take(message)
        sent.append(message)

    asyncio.run(WsgiInThreads(application, threads=1)({**SCOPE, "method": method, "headers": []}, receive, send))
    return sent


def body(content: bytes, **more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, **more}


def test_a_response_is_one_piece_and_is_closed():
    response = Response(iter([b"one", b"two"]), streaming=False)
    start = {**START, "headers": [*START["headers"], (b"content-length", b"6")]}
    assert exchange(lambda environ: response) == [start, body(b"onetwo")]
    assert response.closed


@pytest.mark.parametrize(
    ("method", "status", "given", "content", "expected"),
    [
        ("GET", "200 OK", None, b"one", b"3"),
        ("GET", "200 OK", None, b"", b"0"),
        ("GET", "200 OK", "3", b"one", b"3"),
        ("HEAD", "200 OK", "3", b"", b"3"),
        ("HEAD", "200 OK", None, b"one", b"3"),
        ("HEAD", "200 OK", None, b"", None),
        ("DELETE", "204 No Content", "0", b"", None),
        ("GET", "304 Not Modified", "0", b"", None),
    ],
)
def test_the_length_is_true_or_not_said(method, status, given, content, expected):
    headers = [("Content-Length", given)] if given is not None else []
    response = Response(iter([content]), streaming=False)
    start, _ = exchange(lambda environ: response, method=method, status=status, headers=headers)
    assert dict(start["headers"]).get(b"content-length") == expected


def test_the_application_gets_the_request_in_a_thread():
    seen: list[Any] = []

    def respond(environ: Any) -> Any:
        seen.extend([environ["REQUEST_METHOD"], environ["QUERY_STRING"], environ["wsgi.input"].read()])
        seen.append(threading.current_thread() is threading.main_thread())
        return Response(iter([]), streaming=False)

    exchange(respond)
    assert seen == ["POST", "b=c", b"hello", False]


def test_a_stream_goes_part_by_part_at_its_readers_pace():
    taken: list[Any] = []
    made: list[int] = []

    def parts() -> Iterator[bytes]:
        for number in range(3):
            made.append(len(taken))  # all that was made before has been taken
            yield b"%d" % number

    async def take(message: Any) -> None:
        taken.append(message)

    response = Response(parts(), streaming=True)
    assert exchange(lambda environ: response, take) == [
        START,
        *(body(b"%d" % number, more_body=True) for number in range(3)),
        body(b""),
    ]
    assert made == [1, 2, 3]
    assert response.closed


def test_an_error_in_a_stream_leaves_it_incomplete_and_closed():
    taken: list[Any] = []

    async def take(message: Any) -> None:
        taken.append(message)

    def parts() -> Iterator[bytes]:
        yield b"one"
        raise ZeroDivisionError

    response = Response(parts(), streaming=True)
    with pytest.raises(ZeroDivisionError):
        exchange(lambda environ: response, take)
    assert taken == [START, body(b"one", more_body=True)]
    assert response.closed


def test_what_is_no_response_of_django_is_a_stream():
    assert exchange(lambda environ: [b"one"]) == [START, body(b"one", more_body=True), body(b"")]


def test_a_stream_learns_that_its_reader_has_gone():
    def respond(environ: Any) -> Any:
        def parts() -> Iterator[bytes]:
            assert environ[CLIENT_GONE].wait(AWAIT_S)
            yield b"one"

        return Response(parts(), streaming=True)

    exchange(respond, leaves=True)


def test_a_reader_who_stays_has_not_gone():
    def respond(environ: Any) -> Any:
        def parts() -> Iterator[bytes]:
            yield b"one"
            yield b"%d" % environ[CLIENT_GONE].is_set()

        return Response(parts(), streaming=True)

    assert exchange(respond)[2] == body(b"0", more_body=True)


def test_a_reader_who_stops_is_given_up_and_gets_no_end(monkeypatch):
    monkeypatch.setattr(wsgi_in_threads, "READER_LIMIT_S", 0.01)
    offered: list[Any] = []

    async def take_the_start_alone(message: Any) -> None:
        offered.append(message)
        if message != START:
            await asyncio.Event().wait()

    def respond(environ: Any) -> Any:
        def parts() -> Iterator[bytes]:
            yield b"one"
            assert environ[CLIENT_GONE].is_set()
            yield b"two"

        return Response(parts(), streaming=True)

    assert exchange(respond, take_the_start_alone) == [START]
    assert offered == [START, body(b"one", more_body=True)]
