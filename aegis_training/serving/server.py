"""The uvicorn server: it ends long responses at shutdown, and connections can be aborted."""

import asyncio
import gc
import resource
import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from aegis_training.serving.http_protocol import HttpProtocol, let_abort
from aegis_training.serving.scope_keys import BEFORE_SHUTDOWN

SHUTDOWN_LIMIT_S: Final = 3  # for requests, after the streams are closed
_WEBSOCKET_MESSAGE_MAX_BYTES: Final = 64 * 1024  # viewers send nothing
_PING_EVERY_S: Final = 15.0
_PONG_LIMIT_S: Final = 60.0


class AbortableWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket protocol whose application can abort the connection, even if the client does not read."""

    async def run_asgi(self) -> None:
        """Run the application with an abort function in its scope."""
        let_abort(self.scope, self.transport)
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        """Send a message. A handshake that was answered with an HTTP response counts as completed."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True


class Server(uvicorn.Server):
    """Calls `announce` when it accepts connections. At shutdown it has the application end its long responses first."""

    def __init__(self, application: Any, announce: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=HttpProtocol,
                ws=AbortableWebSocket,
                ws_max_size=_WEBSOCKET_MESSAGE_MAX_BYTES,
                ws_ping_interval=_PING_EVERY_S,
                ws_ping_timeout=_PONG_LIMIT_S,
                ws_per_message_deflate=False,  # it would take more memory than the rest of a viewer
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=SHUTDOWN_LIMIT_S,
                server_header=False,
            )
        )
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call `announce`."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting connections, and end long responses, so that uvicorn does not wait for them."""
        end_long_responses = self.lifespan.state[BEFORE_SHUTDOWN]
        ending = asyncio.ensure_future(end_long_responses())
        await super().shutdown(sockets)
        await ending


def allow_many_connections() -> None:
    """Raise the limit of open files, one for each connection, to the maximum."""
    _, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))


def collect_garbage_seldom() -> None:
    """Collect garbage seldom: a full collection with thousands of viewers blocks the process for 0.2 s and more.

    Objects that exist at the start are never collected, and the few reference cycles are collected later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 1000)


def run(application: Any, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serve the ASGI application on a bound socket until a signal ends the process.

    Its lifespan must be a `Lifespan`. `announce` is called when connections are accepted.
    """
    allow_many_connections()
    collect_garbage_seldom()
    Server(application, announce).run(sockets=[listener])
