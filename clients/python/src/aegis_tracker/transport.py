"""One kept-alive HTTP connection to the service, with a time limit for every request.

Connects directly: a proxy that happens to be configured for downloads has no business here.
Redirects are not followed, so that the token goes nowhere but to the address it was given for.
"""

import http.client

from aegis_tracker.descriptors import DescriptorClosedError
from aegis_tracker.http_answer import Answer, answer_of, shown
from aegis_tracker.http_connection import Connection, Deadline, open_connection
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
        self._connection: Connection | None = None
        self._deadline = Deadline()

    def post(self, path: str, body: bytes) -> Answer:
        """POST JSON to a path below the base URL. Raises UnreachableError."""
        return self._request("POST", path, body)

    def get(self, path: str) -> Answer:
        """GET a path below the base URL. Raises UnreachableError."""
        return self._request("GET", path, None)

    def _request(self, method: str, path: str, body: bytes | None, *, is_last_try: bool = False) -> Answer:
        """A request on a connection that was closed meanwhile is made once more on a new one."""
        reused = self._connection is not None
        try:
            return self._exchange(method, path, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            was_closed_here = isinstance(error, DescriptorClosedError) or not self._is_open_or_unused()
            was_closed_there = reused and isinstance(error, (ConnectionError, http.client.BadStatusLine))
            self.close()
            if not is_last_try and (was_closed_here or was_closed_there):
                return self._request(method, path, body, is_last_try=True)
            raise unreachable(error) from cause_of(error)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _is_open_or_unused(self) -> bool:
        """Whether the training has not closed the connection by its number."""
        connection = self._connection
        return connection is None or connection.sock is None or connection.own.is_open

    def abort(self) -> None:
        """Make a request under way in another thread fail now."""
        connection = self._connection
        if connection is not None:
            connection.own.shut_down()

    def _exchange(self, method: str, path: str, body: bytes | None) -> Answer:
        if self._connection is not None and not self._connection.own.is_open:
            self.close()
        connection = self._connection = self._connection or open_connection(self.address, self._deadline)
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
