"""One viewer: where they wait, how they are told, and when they were told last."""

import asyncio
from collections.abc import Awaitable, Callable

from training_status.access.caller import Caller
from training_status.live.inbox import Inbox
from training_status.live.update import Update


class Viewer:
    """A connection that is told things. `send` writes an update to it, `abort` ends it whatever it is doing."""

    __slots__ = ("_send", "abort", "caller", "inbox", "told_at", "waits_since")

    def __init__(self, caller: Caller, send: Callable[[Update], Awaitable[None]], abort: Callable[[], object]) -> None:
        self.caller = caller
        self.abort = abort
        self.inbox = Inbox()
        self.told_at = asyncio.get_running_loop().time()
        self.waits_since: float | None = None  # for the client to read: since when
        self._send = send

    async def tell(self, update: Update) -> None:
        """Send; it takes as long as the client takes to read."""
        loop = asyncio.get_running_loop()
        self.waits_since = loop.time()
        try:
            await self._send(update)
        finally:
            self.waits_since = None
        self.told_at = loop.time()
