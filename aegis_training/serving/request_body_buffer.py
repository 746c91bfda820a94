"""Buffering request bodies: a request is passed to a thread only when its body has been received completely.

A WSGI application waits for a slow client in one of a few threads, so a few slow clients would block the service. It
does not support chunked bodies either. Here the event loop waits instead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from aegis_training.serving.problem_details import problem

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_LIMIT_S: Final = 60.0
SMALL_BODY_BYTES: Final = 64 * 1024
LARGE_BODIES_AT_ONCE: Final = 8
DISCARD_LIMIT_S: Final = 5.0

_LENGTH_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
_CREDENTIALS = frozenset({b"authorization", b"cookie"})


class RequestBodyBuffer:
    """ASGI middleware: collects up to `max_bytes` of body, then calls `app` with all of it.

    A longer body is discarded, and the application rejects it by its length. What the client still sends is read first,
    within limits, because a proxy that is still sending would not see the response. The body of a request without
    credentials is not read, since it is rejected anyway. Only a few large bodies are collected at the same time, so
    memory is bounded; others wait.
    """

    def __init__(self, app: Any, *, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self._large_bodies = asyncio.Semaphore(LARGE_BODIES_AT_ONCE)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sizes = [pair for pair in scope["headers"] if pair[0] in _LENGTH_HEADERS]
        body: bytes | None = b""
        if sizes:
            try:
                async with asyncio.timeout(BODY_LIMIT_S):
                    body = await self._body(scope, receive)
            except TimeoutError:
                await _refuse_slow_body(send)
                return
            if body is None:
                return
            length = max(len(body), _declared_length(scope))
            headers = [pair for pair in scope["headers"] if pair[0] not in _LENGTH_HEADERS]
            scope = {**scope, "headers": [*headers, (b"content-length", b"%d" % length)]}
        whole: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def receive_whole() -> Message:
            nonlocal whole
            if whole is None:
                return await receive()
            message, whole = whole, None
            return message

        await self.app(scope, receive_whole, send)

    async def _body(self, scope: Message, receive: Receive) -> bytes | None:
        """Return the body; one byte more than the limit if it is too long; None if the client has disconnected."""
        declared = _declared_length(scope)
        names = {name for name, _ in scope["headers"]}
        if declared > self.max_bytes or _CREDENTIALS.isdisjoint(names):
            # A client that sends `Expect: 100-continue` has not sent the body yet.
            if b"expect" not in names and not _CREDENTIALS.isdisjoint(names):
                await self._discard(receive)
            return b""
        body = bytearray()
        complete: bool | None = False
        if declared <= SMALL_BODY_BYTES:
            complete = await _collect(body, receive, SMALL_BODY_BYTES)
        if complete is False:
            async with self._large_bodies:
                complete = await _collect(body, receive, self.max_bytes)
        if complete is False:
            await self._discard(receive)
        return None if complete is None else bytes(body[: self.max_bytes + 1])

    async def _discard(self, receive: Receive) -> None:
        """Read and discard the rest of the body, up to limits of time and size."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_LIMIT_S):
                left = self.max_bytes * 2
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return


async def _collect(body: bytearray, receive: Receive, limit: int) -> bool | None:
    """Read into `body`. Return True if complete, False if over `limit` bytes, None if the client has disconnected."""
    while len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return True
    return False


def _declared_length(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse_slow_body(send: Send) -> None:
    response = problem(408, f"The body did not arrive within {BODY_LIMIT_S:.0f} s.", "too_slow")
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    await send({"type": "http.response.start", "status": 408, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": response.content})
