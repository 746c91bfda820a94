"""Where a viewer waits for what they are to be told."""

import asyncio
from collections import deque
from typing import Final

from training_status.live.update import Update

_ROOM_BYTES: Final = 256 * 1024


class Closed(Exception):
    """The viewer has gone, or is to go. `reason` is one of the words below."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


GONE: Final = "gone"  # by themselves
NO_ACCESS: Final = "no_access"
SHUTDOWN: Final = "shutdown"
FAILED: Final = "failed"  # by a defect of the service


class SubscriberQueue:
    """Updates that wait for one viewer, in order. There is little room: when it is full, it `overflowed`.

    The updates are shared between inboxes, so a place in one costs next to nothing.
    """

    __slots__ = ("_closed_for", "_size_bytes", "_updates", "_waiter", "overflowed")

    def __init__(self) -> None:
        self._updates: deque[Update] = deque()
        self._size_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._closed_for: str | None = None
        self.overflowed = False

    def put(self, update: Update) -> None:
        """Have the viewer told. One who has too much waiting already is told nothing of it: they read again."""
        if self._updates and self._size_bytes + update.size_bytes > _ROOM_BYTES:
            self.overflowed = True
            self._updates.clear()
            self._size_bytes = 0
        else:
            self._updates.append(update)
            self._size_bytes += update.size_bytes
        self.wake()

    def wake(self) -> None:
        """Have the viewer look around, whether there is an update or not."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def poke_when_done(self, _: object) -> None:
        """As a task's callback: the viewer waits for its result."""
        self.wake()

    def raise_if_closed(self) -> None:
        """Raise Closed if the viewer is to be told no more."""
        if self._closed_for is not None:
            raise Closed(self._closed_for)

    def close(self, reason: str) -> None:
        """The viewer is to be told no more: `wait` and `take` raise Closed from now on."""
        self._closed_for = self._closed_for or reason
        self.wake()

    def empty(self) -> None:
        """Forget what waits: the viewer has read it themselves."""
        self._updates.clear()
        self._size_bytes = 0
        self.overflowed = False

    def take(self) -> Update | None:
        """The next update; None when there is none. Raises Closed."""
        self.raise_if_closed()
        if not self._updates:
            return None
        update = self._updates.popleft()
        self._size_bytes -= update.size_bytes
        return update

    async def wait(self) -> None:
        """Until there is an update or a poke. Raises Closed."""
        if self._closed_for is None and not self._updates and not self.overflowed:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self.raise_if_closed()
