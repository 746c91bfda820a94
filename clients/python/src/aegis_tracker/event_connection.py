"""One connection to a stream of the service, which is read as it comes, for as long as it lasts."""

import http.client

from aegis_tracker.http_answer import answer_of
from aegis_tracker.http_connection import Connection, Deadline, open_connection
from aegis_tracker.service_error import error_of
from aegis_tracker.settings import ServiceAddress
from aegis_tracker.transport import (
    ANSWER_MAX_BYTES,
    EXCHANGE_TIMEOUT_S,
    UnreachableError,
    cause_of,
    headers_with,
    unreachable,
)

SILENCE_MAX_S = 45.0  # the service sends something every 15 s
PIECE_BYTES = 64 * 1024


class EventConnection:
    """Used by one thread, `abort` excepted."""

    def __init__(self, address: ServiceAddress, token: str | None) -> None:
        self._address = address
        self._headers = headers_with(token) | {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
        self._deadline = Deadline()
        self._is_aborted = False
        self._connection: Connection | None = None
        self._response: http.client.HTTPResponse | None = None

    def open(self, path: str, last_event_id: str | None, *, may_be_over: bool) -> bool:
        """Ask for the stream; False where it `may_be_over` and the service says that nothing will follow (204).

        Raises ServiceError for any other answer than a stream, and UnreachableError.
        """
        headers = self._headers if last_event_id is None else self._headers | {"Last-Event-ID": last_event_id}
        try:
            self._connection = open_connection(self._address, self._deadline)
            if self._is_aborted:
                raise UnreachableError("The connection was closed.")
            self._deadline.begin(EXCHANGE_TIMEOUT_S)
            self._connection.request("GET", self._address.path_prefix + path, headers=headers)
            self._deadline.begin(EXCHANGE_TIMEOUT_S)
            self._response = response = self._connection.getresponse()
            if response.status == 204 and may_be_over:
                return False
            if response.status == 200 and response.headers.get_content_type() == "text/event-stream":
                return True
            data = response.read(ANSWER_MAX_BYTES) if response.status != 200 else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise unreachable(error) from cause_of(error)
        raise error_of(answer_of(response, data, f"{self._address}{path}"))

    def read(self) -> bytes:
        """What has come, as soon as anything has. Raises UnreachableError when nothing comes any more."""
        assert self._response is not None
        self._deadline.begin(SILENCE_MAX_S)
        try:
            piece = self._response.read1(PIECE_BYTES)
        except TimeoutError as error:
            raise UnreachableError(f"nothing was heard for {SILENCE_MAX_S:g} s") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise unreachable(error) from cause_of(error)
        if not piece:
            raise UnreachableError("the service has ended the stream")
        return piece

    def abort(self) -> None:
        """Make what another thread does with it fail now; whoever uses it closes it."""
        self._is_aborted = True
        connection = self._connection
        if connection is not None:
            connection.own.shut_down()

    def close(self) -> None:
        """Close the connection. It is not used again."""
        if self._response is not None:
            self._response.close()
        if self._connection is not None:
            self._connection.close()
