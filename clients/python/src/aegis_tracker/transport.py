"""One kept-alive HTTP connection to the service, with a time limit for every request.

Connects directly: a proxy that happens to be configured for downloads has no business here.
Redirects are not followed, so that the token goes nowhere but to the address it was given for.
"""

import http.client

from aegis_tracker.answer import Answer, answer_of, shown
from aegis_tracker.descriptors import Identity, close_own, identity
from aegis_tracker.http_connection import Deadline, open_connection, shut_down
from aegis_tracker.settings import ServiceAddress
from aegis_tracker.version import VERSION

EXCHANGE_TIMEOUT_S = 20.0  # for a request to be sent, and again for its answer to come
ANSWER_MAX_BYTES = 1024 * 1024  # far more than a reporter is ever answered


class UnreachableError(Exception):
    """The request may or may not have arrived; the text says why."""


class Transport:
    """Used by one thread, `abort` excepted. Of an answer larger than `answer_max_bytes` nothing is read as JSON."""

    def __init__(self, address: ServiceAddress, token: str | None, *, answer_max_bytes: int = ANSWER_MAX_BYTES) -> None:
        self.address = address
        self._headers = headers_with(token) | {"Content-Type": "application/json", "Accept": "application/json"}
        self._answer_max_bytes = answer_max_bytes
        self._connection: http.client.HTTPConnection | None = None
        self._socket_identity: Identity | None = None
        self._deadline = Deadline()

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
            raise unreachable(error) from cause_of(error)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if connection.sock is not None:
                close_own(connection.sock, self._socket_identity)
            connection.close()

    def _is_own(self, connection: http.client.HTTPConnection) -> bool:
        """Whether the training has not closed it by its number."""
        sock = connection.sock
        return sock is not None and identity(sock.fileno()) == self._socket_identity

    def abort(self) -> None:
        """Make a request under way in another thread fail now."""
        sock = self._connection.sock if self._connection is not None else None
        if sock is not None:
            shut_down(sock)

    def _exchange(self, method: str, path: str, body: bytes | None) -> Answer:
        connection = self._connection
        if (
            connection is not None
            and identity(connection.sock.fileno() if connection.sock else None) != self._socket_identity
        ):
            self.close()  # the training has closed it by its number
            connection = None
        if connection is None:
            connection = self._connection = open_connection(self.address, self._deadline)
            self._socket_identity = identity(connection.sock.fileno())
        self._deadline.begin(EXCHANGE_TIMEOUT_S)
        connection.request(method, self.address.path_prefix + path, body, self._headers)
        self._deadline.begin(EXCHANGE_TIMEOUT_S)
        response = connection.getresponse()
        data = response.read(self._answer_max_bytes)
        is_cut_off = bool(response.length) and len(data) < self._answer_max_bytes
        is_whole = response.isclosed() or len(data) < self._answer_max_bytes
        if response.will_close or not response.isclosed() or response.status < 200:
            self.close()
        if is_cut_off:
            raise http.client.IncompleteRead(data, response.length)
        return answer_of(response, data if is_whole else None, f"{self.address}{path}")


def headers_with(token: str | None) -> dict[str, str]:
    """What every request says: who asks, with the token if there is one."""
    headers = {"User-Agent": f"aegis-tracker/{VERSION}"}
    return headers if token is None else headers | {"Authorization": f"Bearer {token}"}


def unreachable(error: Exception) -> UnreachableError:
    """The error for people, caused by one of the connection."""
    return UnreachableError(_reason_of(error))


def cause_of(error: Exception) -> Exception | None:
    """What a traceback may tell with it: not an error of HTTP, which holds what the other side has sent."""
    return error if isinstance(error, OSError) else None


def _reason_of(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "the connection was cut off"
    words = error.strerror if isinstance(error, OSError) else None
    return shown(words or str(error)) or type(error).__name__
