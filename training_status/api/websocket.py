"""The WebSocket face of a stream: the same door, the same envelopes, a text each."""

import asyncio
import contextlib
import logging
from typing import Any, Final
from urllib.parse import urlsplit

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from channels.routing import URLRouter
from django.conf import settings
from django.urls import re_path

from training_status.api.problems import problem
from training_status.api.stream_door import Answer, Application, Message, Receive, Send, abort_of, ask_for_stream
from training_status.live.inbox import GONE, NO_ACCESS, SHUTDOWN
from training_status.live.opening import Opening
from training_status.live.streams import Streams
from training_status.live.update import Update

logger = logging.getLogger(__name__)

_CLOSE_CODES: Final = {None: 1000, NO_ACCESS: 1008, SHUTDOWN: 1012, GONE: None}
_HTTP_SCHEMES: Final = {"ws": "http", "wss": "https"}


class TrainingConsumer(AsyncConsumer):
    """Asks the stream's view, then accepts or answers as it did. What a client sends is not listened to."""

    def __init__(self, *, application: Application, streams: Streams) -> None:
        self._application = application
        self._streams = streams
        self._telling: asyncio.Task[None] | None = None
        self._inbox: Any = None

    async def websocket_connect(self, message: Message) -> None:
        """Open the stream, or refuse the handshake with the view's own response."""
        name = self.scope["url_route"]["kwargs"]["domain_name"]
        path = f"/api/v1/admin/domains/{name}/training-stream"
        http = {"type": "http", "method": "GET", "path": path, "scheme": _HTTP_SCHEMES[self.scope["scheme"]]}
        answer = await ask_for_stream(self._application, {**self.scope, **http})
        if answer.opening is not None:
            self._telling = asyncio.ensure_future(self._tell(answer.opening))
        elif answer.status == 204:
            await self.send({"type": "websocket.accept"})
            await self.send({"type": "websocket.close", "code": 1000})
        else:
            await refuse(answer, self.scope, self.send)

    async def websocket_receive(self, message: Message) -> None:
        """Nothing is expected from a viewer."""

    async def websocket_disconnect(self, message: Message) -> None:
        """The viewer has gone, or the server has ended the connection."""
        if self._telling is not None:
            if self._inbox is not None:
                self._inbox.close(GONE)
            await self._telling
        raise StopConsumer

    async def _tell(self, opening: Opening) -> None:
        async def tell(update: Update) -> None:
            for text in update.as_texts:
                await self.send({"type": "websocket.send", "text": text})

        with self._streams.present(opening, tell, abort_of(self.scope)) as viewer:
            self._inbox = viewer.inbox
            try:
                await self.send({"type": "websocket.accept"})
                code = _CLOSE_CODES[await self._streams.tell(viewer, opening)]
            except OSError:
                return  # the connection has gone, and its disconnect message is on the way
            except Exception:
                logger.exception("A WebSocket's stream has failed.")
                code = 1011
        if code is not None:
            with contextlib.suppress(OSError):
                await self.send({"type": "websocket.close", "code": code})


class UnknownPath(AsyncConsumer):
    """There is nothing at the address."""

    async def websocket_connect(self, message: Message) -> None:
        """Refuse the handshake."""
        await refuse(_problem(404, "There is nothing at this address.", "not_found"), self.scope, self.send)

    async def websocket_disconnect(self, message: Message) -> None:
        """The connection has ended."""
        raise StopConsumer


class CheckedOrigin:
    """ASGI middleware: a browser's WebSocket may come from our own pages, or from an origin that is allowed.

    From a foreign origin it may bring a ticket or a token but not the session, as with every other request.
    Programs say no origin.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        if origin and urlsplit(origin).netloc != host and origin not in settings.CSRF_TRUSTED_ORIGINS:
            if origin not in settings.CORS_ALLOWED_ORIGINS:
                await receive()
                answer = _problem(403, f"Pages of the origin {origin} may not open a WebSocket here.", "forbidden")
                await refuse(answer, scope, send)
                return
            scope = {**scope, "headers": [header for header in scope["headers"] if header[0] != b"cookie"]}
        await self._application(scope, receive, send)


def websocket_application(application: Application, streams: Streams) -> Application:
    """The service's WebSockets; `application` answers the requests that decide about them."""
    consumer = TrainingConsumer.as_asgi(application=application, streams=streams)
    routes = [
        re_path(r"^ws/domains/(?P<domain_name>[^/]+)/training/?$", consumer),
        re_path(r"", UnknownPath.as_asgi()),
    ]
    return CheckedOrigin(URLRouter(routes))


async def refuse(answer: Answer, scope: Message, send: Send) -> None:
    """Answer the handshake with a response, or where the server cannot, with a bare refusal."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})


def _problem(status: int, detail: str, code: str) -> Answer:
    response = problem(status, detail, code)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    return Answer(status, headers, response.content, None)
