"""Following a stream of the service through every interruption."""

import re
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, cast, get_args, get_type_hints

from aegis_tracker.backoff import Backoff
from aegis_tracker.contract_shapes import has_shape
from aegis_tracker.contract_types import TrainingEvent
from aegis_tracker.event_connection import EventConnection
from aegis_tracker.event_stream import EventStreamParser, Message
from aegis_tracker.http_answer import json_object
from aegis_tracker.service_error import ServiceError
from aegis_tracker.settings import ServiceAddress
from aegis_tracker.transport import UnreachableError

Trouble = ServiceError | UnreachableError

_REFUSALS = frozenset({401, 403, 404, 422})
_ENDS = frozenset({"completed", "failed"})
_SHAPES = {name: shape for shape in get_args(TrainingEvent) for name in get_args(get_type_hints(shape)["event_type"])}
_ID_OF_AN_END = re.compile(r"[0-9]+\.end(\.[0-9]+)?")
_ID_MAX_CHARACTERS = 200
_FOREIGN = "The answer is not from the service"


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
        if last_event_id and not _may_be_sent(last_event_id):
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
        if self._closed.is_set():
            return
        if not connection.open(self._path, self.last_event_id, may_be_over=self._may_be_over()):
            return
        stream = EventStreamParser(self.last_event_id)
        while True:
            try:
                messages = stream.feed(connection.read())
            except ValueError as error:
                raise UnreachableError(str(error)) from error
            self._retry_s = stream.retry_s
            ids = [stream.last_event_id, *(message.last_event_id for message in messages)]
            if not all(_may_be_sent(event_id or "") for event_id in ids):
                raise UnreachableError(_FOREIGN)
            for message in messages:
                event = _event(message)
                if event is None:
                    self.last_event_id = message.last_event_id
                    continue
                backoff.success()
                self._end_was_told = event["event_type"] in _ENDS
                self.last_event_id = message.last_event_id
                yield event
                if self._closed.is_set():
                    return
            self.last_event_id = stream.last_event_id
            if self._ends_with_its_run and self._end_was_told and stream.commented:
                return  # the service keeps the connection open after the end

    def _may_be_over(self) -> bool:
        """Whether nothing may follow: the service says so of a run, to those who were told its end."""
        return self._ends_with_its_run and _ID_OF_AN_END.fullmatch(self.last_event_id or "") is not None


def _event(message: Message) -> TrainingEvent | None:
    """The event; None for one of a kind that a later service may know. Raises UnreachableError for anything else."""
    event = json_object(message.data)
    if event is None or not isinstance(event.get("event_type"), str):
        raise UnreachableError(_FOREIGN)
    shape = _SHAPES.get(event["event_type"])
    if shape is not None and not has_shape(event, shape):
        raise UnreachableError(_FOREIGN)
    return None if shape is None else cast(TrainingEvent, event)


def _may_be_sent(event_id: str) -> bool:
    """Whether it can be the value of a header."""
    return event_id.isascii() and event_id.isprintable() and len(event_id) <= _ID_MAX_CHARACTERS
