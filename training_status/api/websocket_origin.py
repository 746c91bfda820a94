"""Checking the Origin of WebSockets, for which browsers send no preflight request."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.http import is_same_domain

from training_status.api.stream_authorization import Application, Message, Receive, Send
from training_status.api.websocket_refusal import problem_answer, refuse


class CheckedOrigin:
    """ASGI middleware: allows the service's own pages and AEGIS_CORS_ORIGINS. Programs send no Origin.

    Pages of other origins may use a ticket but not the session, as with all other requests.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and not _is_own(origin, headers.get(b"host", b"").decode("latin-1")):
            if origin not in settings.CORS_ALLOWED_ORIGINS:
                await receive()
                detail = f"Pages of the origin {origin} may not open a WebSocket here."
                await refuse(problem_answer(403, detail, "forbidden"), scope, send)
                return
            scope = {**scope, "headers": [header for header in scope["headers"] if header[0] != b"cookie"]}
        await self._application(scope, receive, send)


def _is_own(origin: str, host: str) -> bool:
    """Whether it is the origin of the request's own URL, or one of CSRF_TRUSTED_ORIGINS."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.netloc == host or any(
        parts.scheme == trusted.scheme and is_same_domain(parts.netloc, trusted.netloc.removeprefix("*"))
        for trusted in map(urlsplit, settings.CSRF_TRUSTED_ORIGINS)
    )
