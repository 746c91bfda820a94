"""The ASGI lifespan: background work that starts and stops with the serving process."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

Message = dict[str, Any]


class BackgroundWork(Protocol):
    """Work that runs in the background while the process serves."""

    def start(self) -> None:
        """Start it in the running event loop."""

    async def stop(self) -> None:
        """Stop it, within about a second."""


class Lifespan:
    """ASGI application for the scope `lifespan`: the work runs from startup to shutdown."""

    def __init__(self, work: BackgroundWork) -> None:
        self._work = work

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await receive()
        self._work.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._work.stop()
        await send({"type": "lifespan.shutdown.complete"})
