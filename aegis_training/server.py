"""The uvicorn that serves: its streams end with it, and a client that stops reading can be cut off."""

import asyncio
import gc
import resource
import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from aegis_training.http_protocol import HttpProtocol, let_abort
from training_status.change_notifications import notify

SHUTDOWN_LIMIT_S: Final = 3  # for requests, after the streams were ended
_WEBSOCKET_MESSAGE_MAX_BYTES: Final = 64 * 1024  # nothing is expected from a viewer
_PING_EVERY_S: Final = 15.0
_PONG_LIMIT_S: Final = 60.0


class AbortableWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose application can end the connection at once, whatever waits to be read by the client."""

    async def run_asgi(self) -> None:
        """As uvicorn does; and the scope has the means to abort."""
        let_abort(self.scope, self.transport)
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        """As uvicorn does; and a handshake that was answered with a response counts as completed."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True


class Server(uvicorn.Server):
    """Says where it is once it can be reached, and ends the streams before it waits for connections to close."""

    def __init__(self, notify_on_commit: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                "aegis_training.asgi:application",
                http=HttpProtocol,
                ws=AbortableWebSocket,
                ws_max_size=_WEBSOCKET_MESSAGE_MAX_BYTES,
                ws_ping_interval=_PING_EVERY_S,
                ws_ping_timeout=_PONG_LIMIT_S,
                ws_per_message_deflate=False,  # it takes more memory than all else of a viewer
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=SHUTDOWN_LIMIT_S,
                server_header=False,
            )
        )
        self._announce = notify_on_commit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, then the announcement."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does: nobody is let in any more. The streams end meanwhile, or it would wait for them."""
        from aegis_training.asgi import streams

        closing = asyncio.ensure_future(streams.close())
        await super().shutdown(sockets)
        await closing
        await asyncio.to_thread(notify.close)  # the signal that ends the process leaves no time for more


def allow_many_connections() -> None:
    """Raise this process's limit of open files, a connection each, as far as it may."""
    _, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))


def collect_garbage_seldom() -> None:
    """Keep the collector from stopping everything: looking through thousands of viewers takes it 0.2 s and more.

    What is there at the start stays, and what refers to itself, which is little, waits longer to be found.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 1000)


def run(listener: socket.socket, notify_on_commit: Callable[[], None]) -> Any:
    """Serve on a bound socket until a signal says to end."""
    allow_many_connections()
    collect_garbage_seldom()
    Server(notify_on_commit).run(sockets=[listener])
