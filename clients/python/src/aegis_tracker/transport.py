"""One kept-alive HTTP connection to the service, with a time limit on every step.

Connects directly: a proxy that happens to be configured for downloads has no business here.
Redirects are not followed, so that the token goes nowhere but to the address it was given for.
"""

import email.utils
import http.client
import json
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from aegis_tracker.settings import ServiceAddress
from aegis_tracker.version import VERSION

CONNECT_TIMEOUT_S = 5.0
EXCHANGE_TIMEOUT_S = 20.0
ANSWER_MAX_BYTES = 1024 * 1024


class UnreachableError(Exception):
    """The request may or may not have arrived; the text says why."""


@dataclass(frozen=True)
class Answer:
    """What the service said. `body` is empty when it was no JSON object."""

    status: int
    body: dict[str, Any]
    retry_after_s: float | None


class Transport:
    """Used by one thread, `abort` excepted."""

    def __init__(self, address: ServiceAddress, token: str) -> None:
        self.address = address
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": f"aegis-tracker/{VERSION}",
        }
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes) -> Answer:
        """POST JSON to a path below the base URL. Raises UnreachableError."""
        return self._request("POST", path, body)

    def get(self, path: str) -> Answer:
        """GET a path below the base URL. Raises UnreachableError."""
        return self._request("GET", path, None)

    def _request(self, method: str, path: str, body: bytes | None) -> Answer:
        """A request on a connection that the service closed meanwhile is made once more on a new one."""
        reused = self._connection is not None
        try:
            return self._exchange(method, path, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            if reused and isinstance(error, (ConnectionError, http.client.BadStatusLine)):
                return self._request(method, path, body)
            raise UnreachableError(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def abort(self) -> None:
        """Make a request under way in another thread fail now."""
        sock = self._connection.sock if self._connection is not None else None
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # not connected any more, which is what was wanted

    def _exchange(self, method: str, path: str, body: bytes | None) -> Answer:
        connection = self._connection or self._connect()
        connection.request(method, self.address.path_prefix + path, body, self._headers)
        response = connection.getresponse()
        data = response.read(ANSWER_MAX_BYTES)
        if response.will_close or not response.isclosed():
            self.close()
        return Answer(response.status, _json_object(data), _retry_after_s(response.getheader("Retry-After")))

    def _connect(self) -> http.client.HTTPConnection:
        address = self.address
        if address.scheme == "https":
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                address.host, address.port, timeout=CONNECT_TIMEOUT_S, context=context
            )
        else:
            connection = http.client.HTTPConnection(address.host, address.port, timeout=CONNECT_TIMEOUT_S)
        connection.connect()
        connection.sock.settimeout(EXCHANGE_TIMEOUT_S)
        self._connection = connection
        return connection


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after_s(value: str | None) -> float | None:
    """Seconds from now, for both forms of the header; None where there is none to be read."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
