"""The ASGI application of the service: one process serves requests, streams, WebSockets and maintenance.

Requests go to the WSGI application in a small pool of threads, which measured twice as fast as
Django's own ASGI handler and lets each thread keep its database connection. It
authorizes streams too, which then run in the event loop.
"""

from typing import Any

from channels.routing import ProtocolTypeRouter
from django.conf import settings

from aegis_training.serving.lifespan import Lifespan
from aegis_training.serving.request_body_buffer import RequestBodyBuffer
from aegis_training.serving.under_prefix import UnderPrefix
from aegis_training.serving.wsgi_in_threads import WsgiInThreads
from aegis_training.wsgi import django_application as wsgi_application  # first: it sets Django up
from training_status.api.health import answer_health, is_health
from training_status.api.sse import ServerSentEvents, is_stream
from training_status.api.websocket import websocket_application
from training_status.change_notifications import notify
from training_status.live.streams import Streams
from training_status.operations.maintenance import MaintenanceLoop

Message = dict[str, Any]

_streams = Streams()
_requests = WsgiInThreads(wsgi_application, threads=settings.THREADS)
_request_body_buffer = RequestBodyBuffer(_requests, max_bytes=settings.BODY_MAX_BYTES)
_server_sent_events = ServerSentEvents(_requests, _streams)
# Threads of their own: they do not wait where the others wait for the database.
_static_files = RequestBodyBuffer(WsgiInThreads(wsgi_application, threads=2), max_bytes=settings.BODY_MAX_BYTES)
_static_path = settings.STATIC_URL.removeprefix(settings.URL_PREFIX)


async def _http(scope: Message, receive: Any, send: Any) -> None:
    path: str = scope["path"]
    if is_health(path):
        await answer_health(scope["method"], send)
    elif path.startswith(_static_path):
        await _static_files(scope, receive, send)
    else:
        await (_server_sent_events if is_stream(scope) else _request_body_buffer)(scope, receive, send)


application: Any = ProtocolTypeRouter(
    {
        "http": _http,
        "websocket": websocket_application(_requests, _streams),
        "lifespan": Lifespan(MaintenanceLoop(), before_shutdown=_streams.close, after_shutdown=notify.close),
    }
)
if settings.URL_PREFIX:
    application = UnderPrefix(application, settings.URL_PREFIX)
