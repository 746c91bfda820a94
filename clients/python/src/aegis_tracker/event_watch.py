"""Following a stream of the service through every interruption."""

import json
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, cast

from aegis_tracker.backoff import Backoff
from aegis_tracker.contract_types import TrainingEvent
from aegis_tracker.event_connection import EventConnection
from aegis_tracker.event_stream import EventStreamParser, Message
from aegis_tracker.service_error import ServiceError
from aegis_tracker.settings import ServiceAddress
from aegis_tracker.transport import UnreachableError

Trouble = ServiceError | UnreachableError

_REFUSALS = frozenset({401, 403, 404, 422})
_ENDS = frozenset({"completed", "failed"})


class EventWatch:
    """The events of a stream, in a `for` loop: every log entry once and in order, and the status as it changes.

    Waits in the loop for what is new, and comes back by itself after an interruption. Leaving the loop, `close`
    and leaving a `with` block close the connection; another loop goes on where the last one was. Used by one
    thread, `close` excepted. The loop raises ServiceError when the service itself refuses: 401, 403, 404, 422.
    """

    def __init__(
        self,
        address: ServiceAddress,
        token: str | None,
        path: str,
        *,
        ends_with_its_run: bool,
        last_event_id: str | None,
        on_trouble: Callable[[Trouble], object] | None,
    ) -> None:
        if last_event_id and not (last_event_id.isascii() and last_event_id.isprintable()):
            raise ValueError(f"{last_event_id!r} is not the id of an event.")
        self._address = address
        self._token = token
        self._path = path
        self._ends_with_its_run = ends_with_its_run
        self._on_trouble = on_trouble
        self._connection: EventConnection | None = None
        self._closed = threading.Event()
        self._end_was_told = False
        self._retry_s: float | None = None
        self.last_event_id = last_event_id or None
        """Of the last event with an id that the loop was given: what to go on after, another time."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, from whatever thread: the loop ends."""
        self._closed.set()
        if self._connection is not None:
            self._connection.abort()

    def __iter__(self) -> Iterator[TrainingEvent]:
        backoff = Backoff()
        while not self._closed.is_set():
            connection = self._connection = EventConnection(self._address, self._token)
            self._retry_s = None
            try:
                yield from self._events(connection, backoff)
                return
            except (ServiceError, UnreachableError) as error:
                trouble = error
            finally:
                connection.close()
            if self._closed.is_set() or (self._ends_with_its_run and self._end_was_told):
                return
            if isinstance(trouble, ServiceError) and trouble.is_from_service and trouble.status in _REFUSALS:
                raise trouble
            if self._on_trouble is not None:
                self._on_trouble(trouble)
            asked_for_s = trouble.retry_after_s if isinstance(trouble, ServiceError) else self._retry_s
            self._closed.wait(backoff.after_failure(asked_for_s or None))

    def _events(self, connection: EventConnection, backoff: Backoff) -> Iterator[TrainingEvent]:
        """What one connection brings; returns when nothing will follow. Raises ServiceError and UnreachableError."""
        if self._closed.is_set() or not connection.open(self._path, self.last_event_id):
            return
        stream = EventStreamParser(self.last_event_id)
        while True:
            try:
                messages = stream.feed(connection.read())
            except ValueError as error:
                raise UnreachableError(str(error)) from error
            self._retry_s = stream.retry_s
            for message in messages:
                event = _event(message)
                backoff.success()
                self._end_was_told = event["event_type"] in _ENDS
                self.last_event_id = message.last_event_id
                yield event
                if self._closed.is_set():
                    return
            self.last_event_id = stream.last_event_id


def _event(message: Message) -> TrainingEvent:
    try:
        event = json.loads(message.data)
    except ValueError as error:
        raise UnreachableError("what answers there does not speak like the service") from error
    if not isinstance(event, dict) or not isinstance(event.get("event_type"), str):
        raise UnreachableError("what answers there does not speak like the service")
    return cast(TrainingEvent, event)
