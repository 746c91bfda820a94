"""The queue of updates that wait to be sent to one viewer."""

import asyncio
from collections import deque
from typing import Final

from training_status.live.update import Update

_ROOM_BYTES: Final = 256 * 1024


class Closed(Exception):
    """The stream is closed. `reason` is one of the constants below."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


GONE: Final = "gone"  # the client has disconnected
NO_ACCESS: Final = "no_access"
SHUTDOWN: Final = "shutdown"
FAILED: Final = "failed"  # a defect of the service


class SubscriberQueue:
    """Updates for one viewer, in order. The queue is small: `overflowed` is set when it was full.

    Queues share the update objects, so each queue takes little memory.
    """

    __slots__ = ("_closed_for", "_size_bytes", "_updates", "_waiter", "overflowed")

    def __init__(self) -> None:
        self._updates: deque[Update] = deque()
        self._size_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._closed_for: str | None = None
        self.overflowed = False

    def put(self, update: Update) -> None:
        """Add an update. A full queue is emptied and marked as overflowed: the viewer then reads the database."""
        if self._updates and self._size_bytes + update.size_bytes > _ROOM_BYTES:
            self.overflowed = True
            self._updates.clear()
            self._size_bytes = 0
        else:
            self._updates.append(update)
            self._size_bytes += update.size_bytes
        self.wake()

    def wake(self) -> None:
        """End the viewer's `wait`, whether there is an update or not."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def wake_when_done(self, _: object) -> None:
        """`wake`, as the callback of a task whose result the viewer waits for."""
        self.wake()

    def raise_if_closed(self) -> None:
        """Raise Closed if the queue was closed."""
        if self._closed_for is not None:
            raise Closed(self._closed_for)

    def close(self, reason: str) -> None:
        """Close the queue: `wait` and `take` raise Closed from now on. The first reason is kept."""
        self._closed_for = self._closed_for or reason
        self.wake()

    def empty(self) -> None:
        """Drop all waiting updates: the viewer reads them from the database."""
        self._updates.clear()
        self._size_bytes = 0
        self.overflowed = False

    def take(self) -> Update | None:
        """Return the next update, or None when there is none. Raises Closed."""
        self.raise_if_closed()
        if not self._updates:
            return None
        update = self._updates.popleft()
        self._size_bytes -= update.size_bytes
        return update

    async def wait(self) -> None:
        """Wait until there is an update, or until `wake` is called. Raises Closed."""
        if self._closed_for is None and not self._updates and not self.overflowed:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self.raise_if_closed()
