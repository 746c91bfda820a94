"""Serving under a path of the host, such as `/training`. A proxy may pass the path with or without the prefix.

Both are answered: a container's health check asks for `/healthz`, and a proxy that strips the prefix cannot be told
from it. What the service itself says, in links, redirects and cookies, always has the prefix (`FORCE_SCRIPT_NAME`).
"""

from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class UnderPrefix:
    """ASGI middleware: removes the prefix from the path of a request or a WebSocket, if the path has it."""

    def __init__(self, application: Callable[[Message, Receive, Send], Awaitable[None]], prefix: str) -> None:
        self._application = application
        self._prefix = prefix

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            scope = {**scope, "path": path[len(self._prefix) :] or "/", "root_path": ""}
            scope.pop("raw_path", None)  # optional and unused
        await self._application(scope, receive, send)
