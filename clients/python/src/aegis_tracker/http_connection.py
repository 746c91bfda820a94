"""An HTTP connection whose steps have a deadline, however little by little the other side sends.

A time limit of a socket begins anew with each byte. Here a whole request has a deadline, and so has a whole answer.
"""

import functools
import http.client
import io
import socket
import ssl
import time
from typing import Any

from aegis_tracker.settings import ServiceAddress

CONNECT_TIMEOUT_S = 5.0
INTERIM_MAX = 20  # responses before the one that counts, such as 100 Continue and 103 Early Hints
SLOWEST_BYTES_A_SECOND = 8 * 1024  # a long answer over a slow line has more time, by as much as has come of it


class Deadline:
    """When the step of a connection that is under way must be over."""

    def __init__(self) -> None:
        self._at = 0.0  # monotonic

    def begin(self, seconds: float) -> None:
        """The next step may take so long."""
        self._at = time.monotonic() + seconds

    def extend(self, seconds: float) -> None:
        """It may take so much longer."""
        self._at += seconds

    def limit(self, sock: socket.socket) -> None:
        """Let the socket wait until then, not longer. Raises TimeoutError when it is over."""
        left_s = self._at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        sock.settimeout(left_s)


def open_connection(address: ServiceAddress, deadline: Deadline) -> http.client.HTTPConnection:
    """A connection that is open; what it sends and reads from then on keeps to `deadline`. Raises OSError."""
    if address.scheme == "https":
        connection: http.client.HTTPConnection = _TLSConnection(
            address.host, address.port, timeout=CONNECT_TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        connection = _PlainConnection(address.host, address.port, timeout=CONNECT_TIMEOUT_S)
    connection.connect()
    connection.deadline = deadline  # type: ignore[attr-defined]
    connection.response_class = functools.partial(_Response, deadline)  # type: ignore[assignment]
    return connection


def shut_down(sock: socket.socket) -> None:
    """Make whoever reads from it or writes to it, in another thread, fail now."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # not connected any more, which is what was wanted


class _PlainConnection(http.client.HTTPConnection):
    deadline: Deadline

    def send(self, data: Any) -> None:
        self.deadline.limit(self.sock)
        super().send(data)


class _TLSConnection(http.client.HTTPSConnection):
    deadline: Deadline

    def send(self, data: Any) -> None:
        self.deadline.limit(self.sock)
        super().send(data)


class _Response(http.client.HTTPResponse):
    """The response behind interim ones, of which the standard library skips 100 alone, and any number of them."""

    def __init__(self, deadline: Deadline, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_PunctualReader(deadline, sock, self.fp.detach()))
        self._seen = 0

    def begin(self) -> None:
        super().begin()
        while 100 < self.status < 200 and self.status != http.client.SWITCHING_PROTOCOLS:
            self.headers = None  # type: ignore[assignment]  # as before the first status line
            super().begin()

    def _read_status(self) -> tuple[str, int, str]:
        self._seen += 1
        if self._seen > INTERIM_MAX:
            raise http.client.HTTPException("there is no end of interim responses")
        return super()._read_status()  # type: ignore[misc]


class _PunctualReader(io.RawIOBase):
    """What comes over a socket, until a deadline."""

    def __init__(self, deadline: Deadline, sock: socket.socket, raw: io.RawIOBase) -> None:
        super().__init__()
        self._deadline = deadline
        self._sock = sock
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._deadline.limit(self._sock)
        count = self._raw.readinto(buffer)
        self._deadline.extend((count or 0) / SLOWEST_BYTES_A_SECOND)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
