"""Serving streams as Server-Sent Events."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import Final

from django.conf import settings

from training_status.api.stream_authorization import (
    Answer,
    Application,
    Message,
    Receive,
    Send,
    abort_of,
    address_of,
    authorize_stream,
)
from training_status.live.stream_grant import StreamGrant
from training_status.live.streams import Streams
from training_status.live.subscriber_queue import GONE, Closed
from training_status.live.update import Update
from training_status.live.viewer import Connection, Viewer, send_next

_PIECE_BYTES: Final = 64 * 1024
_RETRY_MS: Final = (1000, 3000)  # random, so that not all clients reconnect at once after a restart


def is_stream(scope: Message) -> bool:
    """Whether a request asks for a stream."""
    path: str = scope["path"]
    return scope["method"] == "GET" and path.rstrip("/").endswith("/training-stream")


class ServerSentEvents:
    """ASGI application: `application` authorizes the request, then the granted stream is served."""

    def __init__(self, application: Application, streams: Streams) -> None:
        self._application = application
        self._streams = streams

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        with self._streams.reserve_place() as refusal:
            answer = await authorize_stream(self._application, scope, refusal)
            if self._streams.is_closing:
                # An EventSource does not reconnect after a 503, but it does after a broken connection.
                abort_of(scope)()
            elif answer.grant is None:
                await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
                await send({"type": "http.response.body", "body": answer.body})
            else:
                await self._serve(scope, answer, answer.grant, receive, send)

    async def _serve(self, scope: Message, answer: Answer, grant: StreamGrant, receive: Receive, send: Send) -> None:
        async def send_piece(piece: bytes) -> None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})

        connection = Connection(_pieces, send_piece, abort_of(scope), address_of(scope))
        with self._streams.connected(grant, connection) as viewer:

            async def notice_departure() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                viewer.queue.close(GONE)

            departure = asyncio.ensure_future(notice_departure())
            try:
                headers = [header for header in answer.headers if header[0] != b"content-length"]
                with viewer.sending():
                    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
                    retry_ms = random.randint(*_RETRY_MS)  # noqa: S311  (not a secret)
                    retry_ms += round(self._streams.replay_wait_s(viewer, grant) * 1000)
                    await send_piece(b"retry: %d\n\n" % retry_ms)
                if await self._streams.serve(viewer, grant) is None:
                    await _hold_open(viewer)
                with viewer.sending():
                    await send({"type": "http.response.body", "body": b""})
            finally:
                departure.cancel()


async def _hold_open(viewer: Viewer) -> None:
    """Send comments for a while after the end of what was followed, so that clients close the connection first.

    An EventSource whose server closes first connects again. One that a page makes anew has no cursor, so it would
    read the whole log again, and again.
    """
    with contextlib.suppress(Closed):
        await viewer.send(Update())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.STREAM_HOLD.total_seconds()):
                while True:
                    await send_next(viewer)


def _pieces(update: Update) -> Iterator[bytes]:
    messages = update.as_server_sent_events
    if len(messages) <= _PIECE_BYTES:
        yield messages
    else:
        for begin in range(0, len(messages), _PIECE_BYTES):
            yield messages[begin : begin + _PIECE_BYTES]
