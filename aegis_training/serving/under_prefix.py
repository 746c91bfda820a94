"""Serving under a path of the host, such as `/training`. A proxy may pass the path with or without the prefix.

Both are answered: a container's health check asks for `/healthz`, and a proxy that strips the prefix cannot be told
from it. What the service itself says, in links, redirects and cookies, always has the prefix (`FORCE_SCRIPT_NAME`).
"""

from collections.abc import Awaitable, Callable, Iterable
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
        below = path_below(self._prefix, path)
        if below != path:
            scope = {**scope, "path": below, "root_path": ""}
            scope.pop("raw_path", None)  # optional and unused
        await self._application(scope, receive, send)


class WsgiUnderPrefix:
    """The same for a WSGI server."""

    def __init__(self, application: Callable[..., Iterable[bytes]], prefix: str) -> None:
        self._application = application
        self._prefix = prefix

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["PATH_INFO"] = path_below(self._prefix, environ.get("PATH_INFO", ""))
        return self._application(environ, start_response)


def path_below(prefix: str, path: str) -> str:
    """The path without the prefix, where it has it."""
    if path == prefix or path.startswith(f"{prefix}/"):
        return path[len(prefix) :] or "/"
    return path
