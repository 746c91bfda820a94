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

from aegis_tracker.descriptors import DescriptorClosedError, OwnSocket
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


class Connection(http.client.HTTPConnection):
    """A connection of ours: it leaves alone whatever else has its descriptor by now. See `descriptors`."""

    deadline: Deadline
    own: OwnSocket

    def connect(self) -> None:
        """Raises OSError."""
        self.own = _connected(self.host, self.port)
        self.sock = self.own.socket

    def send(self, data: Any) -> None:
        self.own.check()
        self.deadline.limit(self.sock)
        super().send(data)

    def close(self) -> None:
        if self.sock is not None:
            self.own.let_go()
        super().close()


class _TLSConnection(Connection):
    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        super().connect()
        try:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.own.socket, server_hostname=self.host, do_handshake_on_connect=False)
            self.own.socket = self.sock
            self.sock.do_handshake()
        except (OSError, ValueError):
            self.close()
            raise


def open_connection(address: ServiceAddress, deadline: Deadline) -> Connection:
    """A connection that is open; what it sends and reads from then on keeps to `deadline`. Raises OSError."""
    connection = (_TLSConnection if address.scheme == "https" else Connection)(address.host, address.port)
    connection.connect()
    connection.deadline = deadline
    connection.response_class = functools.partial(_Response, deadline, connection.own)  # type: ignore[assignment]
    return connection


def _connected(host: str, port: int) -> OwnSocket:
    """A socket with a connection to the first address of the host that takes it. Raises OSError.

    As `socket.create_connection`, which would close what has the descriptor of an attempt by now.
    """
    failure = OSError("the host has no address")
    for family, kind, protocol, _, target in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        own = OwnSocket(socket.socket(family, kind, protocol))
        try:
            own.socket.settimeout(CONNECT_TIMEOUT_S)
            own.socket.connect(target)
            own.check()
            own.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return own
        except OSError as error:
            failure = error if own.is_open else DescriptorClosedError(str(error))
            own.close()
    raise failure


class _Response(http.client.HTTPResponse):
    """The response behind interim ones, of which the standard library skips 100 alone, and any number of them."""

    def __init__(self, deadline: Deadline, own: OwnSocket, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_PunctualReader(deadline, own, self.fp.detach()))
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

    def __init__(self, deadline: Deadline, own: OwnSocket, raw: io.RawIOBase) -> None:
        super().__init__()
        self._deadline = deadline
        self._own = own
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._own.check()
        self._deadline.limit(self._own.socket)
        count = self._raw.readinto(buffer)
        self._deadline.extend((count or 0) / SLOWEST_BYTES_A_SECOND)
        return count

    def close(self) -> None:
        self._own.let_go()
        self._raw.close()
        super().close()
