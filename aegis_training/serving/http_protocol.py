"""uvicorn's HTTP protocol with limits for URLs and headers, support for HTTP/1.0, and abortable connections."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from aegis_training.serving.problem_details import problem
from aegis_training.serving.scope_keys import ABORT

Message = dict[str, Any]

URL_MAX_BYTES: Final = 16 * 1024
HEAD_MAX_BYTES: Final = 64 * 1024
_WITHOUT_CHUNKS: Final = ("0.9", "1.0")
_DISCARD_LIMIT_S: Final = 2.0
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # linger for 0 s
_SEND_ALL_ON_CLOSE: Final = struct.pack("ii", 0, 0)


def let_abort(scope: Any, transport: asyncio.Transport) -> None:
    """Add a function to the scope that aborts the connection."""
    scope[ABORT] = transport.abort


class HttpProtocol(HttpToolsProtocol):
    """An HTTP protocol whose application can abort the connection, even if the client does not read.

    A client of HTTP/1.0 gets no chunks. A URL over 16 KiB is answered with 414, headers over 64 KiB with 431, and other
    than one `Host` with 400 (RFC 9112, 3.2).
    """

    _received = 0  # of a head that is not complete, and of what came with its end
    _head_is_open = False
    _is_refused = False

    def data_received(self, data: bytes) -> None:
        """Receive data. If the head is too large, further data is discarded."""
        if self._is_refused:
            return
        self._received += len(data)
        super().data_received(data)
        if not self._head_is_open:
            self._received = 0
        elif self._received > HEAD_MAX_BYTES:
            self._refuse_unfinished_head()

    def on_message_begin(self) -> None:
        """Handle events, with an abort function in the scope."""
        super().on_message_begin()
        self._head_is_open = True
        self.app = self.config.loaded_app
        let_abort(self.scope, self.transport)

    def on_headers_complete(self) -> None:
        """Handle events unless the head is too large."""
        self._head_is_open = False
        if len(self.url) > URL_MAX_BYTES:
            self.app, self.url = _url_too_long, b"/"
        elif self._received > HEAD_MAX_BYTES and self._head_bytes() > HEAD_MAX_BYTES:
            self.app = _head_too_large
        elif not self._has_right_host():
            self.app = _wrong_host
        super().on_headers_complete()
        if self.scope["http_version"] in _WITHOUT_CHUNKS and self.cycle is not None and self.cycle.scope is self.scope:
            self.cycle.__class__ = UnframedCycle  # uvicorn has just made it, of a class that cannot be chosen
            self.cycle.waiting_for_100_continue = self.cycle.keep_alive = False

    def _should_upgrade(self) -> bool:
        return self.app not in _REFUSALS and super()._should_upgrade()

    def _has_right_host(self) -> bool:
        hosts = sum(name == b"host" for name, _ in self.headers)
        return hosts == 1 or (hosts == 0 and self.parser.get_http_version() in _WITHOUT_CHUNKS)

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_unfinished_head(self) -> None:
        """Answer, and read on for a while, so that a client that is still sending sees the response."""
        is_url = not self.headers and len(self.url) > URL_MAX_BYTES
        status, headers, body = _refusal(_URL_TOO_LONG if is_url else _HEAD_TOO_LARGE)
        self._is_refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # an earlier request is still being answered
            return
        lines = [f"HTTP/1.1 {status}".encode(), *(b"%b: %b" % header for header in headers), b"", body]
        self.transport.write(b"\r\n".join(lines))
        self.transport.write_eof()
        self.loop.call_later(_DISCARD_LIMIT_S, self.transport.close)


class UnframedCycle(RequestResponseCycle):
    """A response to HTTP/1.0: a body whose length is not known ends with the connection.

    One that breaks off must not look like one that has ended, so its connection is reset: until the end is sent,
    whoever closes it does that.
    """

    _is_unframed = False

    async def send(self, message: Any) -> None:
        """Send a message, never in chunks."""
        if message["type"] == "http.response.start":
            self._is_unframed = all(name.lower() != b"content-length" for name, _ in message.get("headers", []))
            if self._is_unframed:
                self.chunked_encoding = False
                self._linger(_RESET_ON_CLOSE)
        elif self._is_unframed:
            self.expected_content_length = len(message.get("body", b""))  # which uvicorn compares with what it sends
            if not message.get("more_body", False):
                self._linger(_SEND_ALL_ON_CLOSE)
        await super().send(message)

    def _linger(self, option: bytes) -> None:
        connection = self.transport.get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)


class _Refusal(NamedTuple):
    status: int
    detail: str
    code: str


_URL_TOO_LONG: Final = _Refusal(414, f"The URL is longer than {URL_MAX_BYTES // 1024} KiB.", code="url_too_long")
_HEAD_TOO_LARGE: Final = _Refusal(
    431, f"The headers are larger than {HEAD_MAX_BYTES // 1024} KiB.", code="headers_too_large"
)

_WRONG_HOST: Final = _Refusal(400, "A request must have one Host header.", code="wrong_host")


def _refusal(what: _Refusal) -> tuple[str, list[tuple[bytes, bytes]], bytes]:
    response = problem(*what)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    headers += [(b"content-length", b"%d" % len(response.content)), (b"connection", b"close")]
    return f"{what.status} {response.reason_phrase}", headers, response.content


def _refusing(what: _Refusal) -> Callable[..., Awaitable[None]]:
    async def application(scope: Message, receive: Any, send: Any) -> None:
        _, headers, body = _refusal(what)
        await send({"type": "http.response.start", "status": what.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


_url_too_long, _head_too_large = _refusing(_URL_TOO_LONG), _refusing(_HEAD_TOO_LARGE)
_wrong_host = _refusing(_WRONG_HOST)
_REFUSALS: Final = (_url_too_long, _head_too_large, _wrong_host)
