"""The ASGI lifespan: background work that starts and stops with the serving process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aegis_training.serving.scope_keys import BEFORE_SHUTDOWN

Message = dict[str, Any]


class BackgroundWork(Protocol):
    """Work that runs in the background while the process serves."""

    def start(self) -> None:
        """Start it in the running event loop."""

    async def stop(self) -> None:
        """Stop it, within about a second."""


class Lifespan:
    """ASGI application for the scope `lifespan`: the work runs from startup to shutdown.

    `before_shutdown` ends long responses, for which the server would wait; only `serving.server` calls it.
    `after_shutdown` is called in a thread when no request is left.
    """

    def __init__(
        self,
        work: BackgroundWork,
        *,
        before_shutdown: Callable[[], Awaitable[None]],
        after_shutdown: Callable[[], None],
    ) -> None:
        self._work = work
        self._before_shutdown = before_shutdown
        self._after_shutdown = after_shutdown

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await receive()
        if "state" in scope:
            scope["state"][BEFORE_SHUTDOWN] = self._before_shutdown
        self._work.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._work.stop()
        await asyncio.to_thread(self._after_shutdown)
        await send({"type": "lifespan.shutdown.complete"})
