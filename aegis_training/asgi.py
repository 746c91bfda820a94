"""The service as one ASGI application: one kind of process serves everything.

Requests go to the WSGI application in a small pool of threads, which measured twice as fast as
Django's own ASGI handler and lets each thread keep its database connection.
"""

from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.conf import settings

from aegis_training.whole_requests import WholeRequests
from aegis_training.wsgi import application as wsgi_application  # first: it sets Django up

application = WholeRequests(
    WSGIMiddleware(cast("Any", wsgi_application), workers=settings.THREADS, send_queue_size=2),
    max_bytes=settings.BODY_MAX_BYTES,
)
