"""Running Django's WSGI application under ASGI: requests run in a thread pool, and responses are sent in one piece.

Each transfer between a thread and the event loop costs two thread switches and an iteration of the loop, so there is
one for each request, not one for each part of its response. Only streaming responses are sent in parts, at the client's
pace, and are told when the client disconnects.
"""

import asyncio
import contextvars
import io
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from a2wsgi.wsgi import build_environ

from aegis_training.serving.scope_keys import CLIENT_GONE

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

READER_LIMIT_S: Final = 60.0


class WsgiInThreads:
    """ASGI application for requests that arrive whole (`RequestBodyBuffer`); `threads` are served at a time.

    A response says by `streaming`, as Django's do, whether it is to be sent part by part.
    """

    def __init__(self, application: Any, *, threads: int) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="wsgi")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        environ: Message = build_environ(scope, None)  # type: ignore[arg-type, assignment]  # takes None for the body, which is set below
        environ["wsgi.input"] = io.BytesIO((await receive())["body"])
        reader = _Reader(receive, send)
        environ[CLIENT_GONE] = reader.gone
        respond = partial(contextvars.copy_context().run, self._respond, environ, reader)
        try:
            await reader.take(await asyncio.get_running_loop().run_in_executor(self._threads, respond))
        finally:
            reader.leave()

    def _respond(self, environ: Message, reader: "_Reader") -> list[Message]:
        """Call the application, and return what is still to be sent: everything, or the end of a stream."""
        start: Message = {"type": "http.response.start"}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            start["status"] = int(status[:3])
            start["headers"] = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]

        response = self._application(environ, start_response)
        try:
            if not getattr(response, "streaming", True):
                body = b"".join(response)
                start["headers"] = _with_true_length(start, body, environ["REQUEST_METHOD"])
                return [start, {"type": "http.response.body", "body": body}]
            reader.take_from_thread([start])
            for part in response:
                reader.take_from_thread([{"type": "http.response.body", "body": part, "more_body": True}])
            return [{"type": "http.response.body", "body": b""}]
        finally:
            if hasattr(response, "close"):
                response.close()


def _with_true_length(start: Message, body: bytes, method: str) -> list[tuple[bytes, bytes]]:
    """The headers with the length of the body, but with none where there is no body by definition (RFC 9110, 8.6)."""
    headers: list[tuple[bytes, bytes]] = start["headers"]
    if start["status"] in (204, 304):
        return [header for header in headers if header[0] != b"content-length"]
    for name, _ in headers:
        if name == b"content-length":
            return headers
    return headers if method == "HEAD" and not body else [*headers, (b"content-length", b"%d" % len(body))]


class _Reader:
    """The client. `gone` is set when it has disconnected, or has not read anything for `READER_LIMIT_S`."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.gone = threading.Event()
        self._receive, self._send = receive, send
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.Task[None] | None = None
        self._stalled = False

    async def take(self, messages: Iterable[Message]) -> None:
        """Send messages, and return when they are sent. A client that stalls gets no more messages."""
        try:
            async with asyncio.timeout(READER_LIMIT_S):
                for message in messages:
                    if not self._stalled:
                        await self._send(message)
        except TimeoutError:
            self._stalled = True
            self.gone.set()

    def take_from_thread(self, messages: Iterable[Message]) -> None:
        """Like `take`, from a thread. From now on a disconnect of the client is noticed."""
        asyncio.run_coroutine_threadsafe(self._take_watched(messages), self._loop).result()

    def leave(self) -> None:
        """Stop waiting for a disconnect: nothing more will be sent."""
        if self._watch is not None:
            self._watch.cancel()

    async def _take_watched(self, messages: Iterable[Message]) -> None:
        if self._watch is None:
            self._watch = asyncio.ensure_future(self._notice_departure())
        await self.take(messages)

    async def _notice_departure(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass  # the unread rest of a body
        self.gone.set()
