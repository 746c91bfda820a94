"""Authorizing streams: a GET of the stream's view decides, for Server-Sent Events and WebSockets alike."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aegis_training.serving.scope_keys import ABORT
from training_status.errors import Unavailable
from training_status.live.stream_grant import GRANT_HOLDER, GrantHolder, StreamGrant

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def abort_of(scope: Message) -> Callable[[], object]:
    """Return a function that aborts the connection; under another server it cancels the current task."""
    abort: Callable[[], object] | None = scope.get(ABORT)
    task = asyncio.current_task()
    assert task is not None
    return abort or task.cancel


def address_of(scope: Message) -> str:
    """Return the client's address, as a trusted proxy names it; empty on a Unix socket."""
    return scope["client"][0] if scope.get("client") else ""


class Answer(NamedTuple):
    """The view's response, and the stream that it grants (None: only the response is sent)."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    grant: StreamGrant | None


async def authorize_stream(application: Application, scope: Message, refusal: Unavailable | None) -> Answer:
    """Send the GET in `scope` through the application, with all its rules and errors.

    `refusal` is the error for an authorized client when the process has no capacity for it.
    """
    grant_holder = GrantHolder(refusal)
    messages: list[Message] = []

    async def no_body() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def keep(message: Message) -> None:
        messages.append(message)

    await application({**scope, GRANT_HOLDER: grant_holder}, no_body, keep)
    start, *rest = messages
    body = b"".join(message.get("body", b"") for message in rest)
    return Answer(start["status"], start["headers"], body, grant_holder.grant)
