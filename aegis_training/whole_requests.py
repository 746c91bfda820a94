"""Requests are handed to a thread only when they have arrived whole.

A WSGI application waits for a slow sender in one of a few threads, so a handful of them would stop
the service; and it does not know chunked bodies. Here the event loop waits instead.
"""

from typing import Any

Message = dict[str, Any]


class WholeRequests:
    """ASGI middleware: collects up to `max_bytes` of body, then calls `app` with all of it.

    A longer body is not read: its length is passed on, for the application to refuse in its own words.
    """

    def __init__(self, app: Any, *, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await self._body(scope, receive)
        if body is None:  # the sender has gone
            return
        headers = [(name, value) for name, value in scope["headers"] if name not in _LENGTH_HEADERS]
        headers.append((b"content-length", b"%d" % max(len(body), self._declared_length(scope))))
        whole: Message = {"type": "http.request", "body": body, "more_body": False}

        async def receive_whole() -> Message:
            return whole

        await self.app({**scope, "headers": headers}, receive_whole, send)

    async def _body(self, scope: Message, receive: Any) -> bytes | None:
        """The body; its beginning, a byte over the limit, for one too long; None when the sender has gone."""
        if self._declared_length(scope) > self.max_bytes:
            return b""
        body = bytearray()
        while len(body) <= self.max_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        return bytes(body[: self.max_bytes + 1])

    @staticmethod
    def _declared_length(scope: Message) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value)
        return 0


_LENGTH_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
