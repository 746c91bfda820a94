"""Serving streams over WebSocket: the same authorization and envelopes, one text message for each."""

import asyncio
import logging
from typing import Any, Final

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from channels.routing import URLRouter
from django.urls import re_path

from training_status.api.stream_authorization import Application, Message, abort_of, address_of, authorize_stream
from training_status.api.websocket_origin import CheckedOrigin
from training_status.api.websocket_refusal import problem_answer, refuse
from training_status.errors import Unavailable
from training_status.live.stream_grant import StreamGrant
from training_status.live.streams import Streams
from training_status.live.subscriber_queue import FAILED, GONE, NO_ACCESS, SHUTDOWN
from training_status.live.viewer import Connection

logger = logging.getLogger(__name__)

_CLOSE_CODES: Final = {None: 1000, NO_ACCESS: 1008, SHUTDOWN: 1012, FAILED: 1011}
_HTTP_SCHEMES: Final = {"ws": "http", "wss": "https"}


class TrainingConsumer(AsyncConsumer):
    """Asks the stream's view, then accepts or refuses the handshake. Messages of clients are ignored."""

    def __init__(self, *, application: Application, streams: Streams) -> None:
        self._application = application
        self._streams = streams
        self._serving: asyncio.Task[None] | None = None
        self._queue: Any = None

    async def websocket_connect(self, message: Message) -> None:
        """Open the stream in a task, so that a disconnect is noticed meanwhile."""
        self._serving = asyncio.ensure_future(self._serve())

    async def websocket_receive(self, message: Message) -> None:
        """Ignore messages of the client."""

    async def websocket_disconnect(self, message: Message) -> None:
        """Close the queue: the client has disconnected, or the server has ended the connection."""
        if self._queue is not None:
            self._queue.close(GONE)
        if self._serving is not None:
            await self._serving
        raise StopConsumer

    async def _serve(self) -> None:
        try:
            with self._streams.reserve_place() as refusal:
                await self._open(refusal)
        except OSError:
            pass  # the connection is closed, and the disconnect message follows
        except Exception:
            logger.exception("A WebSocket stream has failed.")
            abort_of(self.scope)()

    async def _open(self, refusal: Unavailable | None) -> None:
        """Accept the handshake and serve the stream, or refuse it with the view's response."""
        name = self.scope["url_route"]["kwargs"]["domain_name"]
        path = f"/api/v1/admin/domains/{name}/training-stream"
        headers = [header for header in self.scope["headers"] if header[0] != b"accept"]  # which is about responses
        scheme = _HTTP_SCHEMES[self.scope["scheme"]]
        http = {"type": "http", "method": "GET", "path": path, "scheme": scheme, "headers": headers}
        answer = await authorize_stream(self._application, {**self.scope, **http}, refusal)
        if answer.grant is not None:
            await self._send(answer.grant)
        elif answer.status == 204:
            await self.send({"type": "websocket.accept"})
            await self.send({"type": "websocket.close", "code": 1000})
        else:
            await refuse(answer, self.scope, self.send)

    async def _send(self, grant: StreamGrant) -> None:
        """Accept, send updates until the end, and close."""

        async def send_text(text: str) -> None:
            await self.send({"type": "websocket.send", "text": text})

        connection = Connection(lambda update: update.as_texts, send_text, abort_of(self.scope), address_of(self.scope))
        with self._streams.connected(grant, connection) as viewer:
            self._queue = viewer.queue
            with viewer.sending():
                await self.send({"type": "websocket.accept"})
            reason = await self._streams.serve(viewer, grant)
            if reason != GONE:
                with viewer.sending():
                    await self.send({"type": "websocket.close", "code": _CLOSE_CODES[reason]})


class UnknownPath(AsyncConsumer):
    """Refuses handshakes at unknown URLs."""

    async def websocket_connect(self, message: Message) -> None:
        """Refuse the handshake."""
        await refuse(problem_answer(404, "There is nothing at this address.", "not_found"), self.scope, self.send)

    async def websocket_disconnect(self, message: Message) -> None:
        """The connection has ended."""
        raise StopConsumer


def websocket_application(application: Application, streams: Streams) -> Application:
    """Return the ASGI application for WebSockets; `application` authorizes them."""
    consumer = TrainingConsumer.as_asgi(application=application, streams=streams)
    routes = [
        re_path(r"^ws/domains/(?P<domain_name>[^/]+)/training/?$", consumer),
        re_path(r"", UnknownPath.as_asgi()),
    ]
    return CheckedOrigin(URLRouter(routes))
