"""What begins and ends with the serving process, whichever ASGI server runs it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # this is imported before Django is set up
    from training_status.operations.upkeep import Upkeep

Message = dict[str, Any]


class Lifespan:
    """ASGI application for the scope `lifespan`: the upkeep goes on from start to shutdown."""

    def __init__(self, upkeep: "Upkeep") -> None:
        self._upkeep = upkeep

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await receive()
        self._upkeep.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._upkeep.stop()
        await send({"type": "lifespan.shutdown.complete"})
