"""Requests reach the application whole, with their length, or not at all."""

import asyncio
from typing import Any

from aegis_training.whole_requests import WholeRequests

LIMIT = 10


def request(*messages: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
    """What the application gets: (headers, body); None when it is not called."""
    got: list[Any] = []
    waiting = iter(messages)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        assert not message["more_body"]
        got.append((dict(scope["headers"]), message["body"]))

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def send(message: Any) -> None:
        raise AssertionError("nothing is sent here")

    pairs = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "headers": pairs, "query_string": b""}
    asyncio.run(WholeRequests(application, max_bytes=LIMIT)(scope, receive, send))
    return got[0] if got else None


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_parts_are_put_together_and_counted():
    headers, body = request(part(b"abc", more=True), part(b"de"), headers={"transfer-encoding": "chunked"})
    assert (headers, body) == ({b"content-length": b"5"}, b"abcde")


def test_no_body():
    assert request(part(b"")) == ({b"content-length": b"0"}, b"")


def test_a_declared_length_over_the_limit_is_passed_on_unread():
    headers, body = request(headers={"content-length": "11"})
    assert (headers, body) == ({b"content-length": b"11"}, b"")


def test_an_undeclared_body_over_the_limit_is_cut_and_its_length_tells():
    headers, body = request(part(b"x" * 8, more=True), part(b"x" * 8, more=True))
    assert (headers[b"content-length"], len(body)) == (b"11", 11)


def test_a_sender_that_goes_away_is_not_served():
    assert request(part(b"abc", more=True), {"type": "http.disconnect"}) is None


def test_other_kinds_of_connections_pass():
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    asyncio.run(WholeRequests(application, max_bytes=LIMIT)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
