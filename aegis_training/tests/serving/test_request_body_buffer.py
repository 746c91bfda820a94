"""Requests reach the application whole, with their length, or not at all."""

import asyncio
from typing import Any

import pytest

from aegis_training.serving import request_body_buffer
from aegis_training.serving.request_body_buffer import RequestBodyBuffer

LIMIT = 10


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


DISCONNECT = {"type": "http.disconnect"}


class Exchange:
    """One request through the middleware: what the application got, and what was sent."""

    def __init__(self, *messages: dict[str, Any], credentials: bool = True, **headers: str) -> None:
        self.got: Any = None
        self.then: Any = None
        self.sent: list[Any] = []
        self._messages = list(messages)
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if credentials:
            pairs.append((b"authorization", b"Bearer x"))
        self.scope = {"type": "http", "headers": pairs}

    def run(self, *, and_then: bool = False) -> "Exchange":
        async def application(scope: Any, receive: Any, send: Any) -> None:
            message = await receive()
            assert not message["more_body"]
            headers = {name: value for name, value in scope["headers"] if name != b"authorization"}
            self.got = headers, message["body"]
            if and_then:
                self.then = await receive()

        async def receive() -> dict[str, Any]:
            if self._messages:
                return self._messages.pop(0)
            await asyncio.Event().wait()  # nothing more ever comes
            raise AssertionError

        async def record(message: Any) -> None:
            self.sent.append(message)

        asyncio.run(RequestBodyBuffer(application, max_bytes=LIMIT)(self.scope, receive, record))
        return self


@pytest.fixture(autouse=True)
def nothing_is_awaited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body_buffer, "DISCARD_LIMIT_S", 0.1)


def request(*messages: dict[str, Any], **options: Any) -> Any:
    return Exchange(*messages, **options).run().got


def test_parts_are_put_together_and_counted():
    got = request(part(b"abc", more=True), part(b"de"), transfer_encoding="chunked")
    assert got == ({b"content-length": b"5"}, b"abcde")


def test_without_a_length_there_is_no_body_to_wait_for():
    assert request() == ({}, b"")


def test_a_declared_length_over_the_limit_is_passed_on_unread():
    assert request(content_length="11") == ({b"content-length": b"11"}, b"")


def test_an_undeclared_body_over_the_limit_is_cut_and_its_length_tells(monkeypatch):
    monkeypatch.setattr(request_body_buffer, "SMALL_BODY_BYTES", 3)
    headers, body = request(part(b"x" * 8, more=True), part(b"x" * 8, more=True), transfer_encoding="chunked")
    assert (headers[b"content-length"], len(body)) == (b"11", 11)


@pytest.mark.parametrize("sizes", [[4], [4, 1], [3, 3], [2, 2, 2]])
def test_a_body_that_turns_out_large_is_still_whole(sizes, monkeypatch):
    monkeypatch.setattr(request_body_buffer, "SMALL_BODY_BYTES", 3)
    parts = [part(b"x" * size, more=place < len(sizes) - 1) for place, size in enumerate(sizes)]
    assert request(*parts, transfer_encoding="chunked")[1] == b"x" * sum(sizes)
    assert request(*parts, content_length=str(sum(sizes)))[1] == b"x" * sum(sizes)


def test_the_body_of_a_stranger_is_not_read():
    assert request(content_length="9", credentials=False) == ({b"content-length": b"9"}, b"")
    assert request(part(b"abc"), credentials=False, cookie="a=b", content_length="3")[1] == b"abc"


def test_a_sender_that_goes_away_is_not_served():
    assert request(part(b"abc", more=True), DISCONNECT, content_length="9") is None


def test_a_body_that_does_not_arrive_is_refused(monkeypatch):
    monkeypatch.setattr(request_body_buffer, "BODY_LIMIT_S", 0.01)
    exchange = Exchange(part(b"abc", more=True), content_length="9").run()
    assert exchange.got is None
    assert exchange.sent[0]["status"] == 408
    assert b"did not arrive" in exchange.sent[1]["body"]


def test_what_follows_the_request_is_passed_on():
    assert Exchange(part(b"abc"), DISCONNECT, content_length="3").run(and_then=True).then == DISCONNECT


def test_other_kinds_of_connections_pass():
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    asyncio.run(RequestBodyBuffer(application, max_bytes=LIMIT)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]


@pytest.mark.parametrize("options", [{"content_length": "15"}, {"transfer_encoding": "chunked"}])
def test_what_is_sent_of_a_body_too_long_is_thrown_away_before_it_is_refused(options: dict[str, str]) -> None:
    exchange = Exchange(part(b"x" * 11, more=True), part(b"y" * 3, more=True), part(b"z"), DISCONNECT, **options)
    assert exchange.run(and_then=True).then == DISCONNECT
    assert len(exchange.got[1]) <= LIMIT + 1


def test_no_more_is_thrown_away_than_twice_what_a_body_may_be() -> None:
    endless = [part(b"x" * LIMIT, more=True) for _ in range(10)]
    exchange = Exchange(*endless, content_length="1000").run(and_then=True)
    assert exchange.then == part(b"x" * LIMIT, more=True)


def test_who_asks_before_sending_is_refused_at_once() -> None:
    exchange = Exchange(part(b"x" * 15), content_length="15", expect="100-continue").run(and_then=True)
    assert exchange.then == part(b"x" * 15)
