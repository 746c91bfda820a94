"""One viewer: where they wait, how they are told, and when they were told last."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from training_status.access.principal import Principal
from training_status.live.subscriber_queue import SubscriberQueue
from training_status.live.update import Update


class Connection(NamedTuple):
    """How a viewer is reached. `abort` ends the connection whatever it is doing.

    `pieces` makes of an update what `send` takes, small enough that even a slow client reads one in a minute.
    """

    pieces: Callable[[Update], Iterable[Any]]
    send: Callable[[Any], Awaitable[None]]
    abort: Callable[[], object]


class Viewer:
    """Somebody who is told things. `reads_since`: since when the client has had the same piece to read, else None."""

    __slots__ = ("connection", "principal", "queue", "reads_since", "told_at")

    def __init__(self, principal: Principal, connection: Connection) -> None:
        self.principal = principal
        self.connection = connection
        self.queue = SubscriberQueue()
        self.told_at = asyncio.get_running_loop().time()
        self.reads_since: float | None = None

    async def tell(self, update: Update) -> None:
        """Send; it takes as long as the client takes to read. Raises Closed between two pieces."""
        for piece in self.connection.pieces(update):
            self.queue.raise_if_closed()
            with self.reading():
                await self.connection.send(piece)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around everything that is sent: a client that takes too long over it is let go."""
        self.reads_since = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self.reads_since = None
            self.told_at = asyncio.get_running_loop().time()
