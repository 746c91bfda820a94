"""One viewer of a stream: its principal, its queue, its connection, and when something was sent last."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from training_status.access.principal import Principal
from training_status.live.subscriber_queue import SubscriberQueue
from training_status.live.update import Update


class Connection(NamedTuple):
    """How to send to a client, and its address. `abort` ends the connection at once, whatever its state.

    `pieces` splits an update into pieces for `send`, small enough that even a slow client reads one in a minute.
    """

    pieces: Callable[[Update], Iterable[Any]]
    send: Callable[[Any], Awaitable[None]]
    abort: Callable[[], object]
    address: str = ""


class Viewer:
    """A client that receives updates. `sending_since` is when the piece that is being sent was begun, else None."""

    __slots__ = ("connection", "principal", "queue", "sending_since", "sent_at")

    def __init__(self, principal: Principal, connection: Connection) -> None:
        self.principal = principal
        self.connection = connection
        self.queue = SubscriberQueue()
        self.sent_at = asyncio.get_running_loop().time()
        self.sending_since: float | None = None

    async def send(self, update: Update) -> None:
        """Send an update, as fast as the client reads. Raises Closed between two pieces."""
        for piece in self.connection.pieces(update):
            self.queue.raise_if_closed()
            with self.sending():
                await self.connection.send(piece)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Use this around everything that is sent: the registry aborts a client that takes too long to read it."""
        self.sending_since = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self.sending_since = None
            self.sent_at = asyncio.get_running_loop().time()


async def send_next(viewer: Viewer) -> None:
    """Send the next update, or wait until the queue has one or is woken."""
    update = viewer.queue.take()
    if update is None:
        await viewer.queue.wait()
    else:
        await viewer.send(update)
