"""Noticing that the client of a long response has disconnected."""

import threading

from django.http import HttpRequest
from rest_framework.request import Request

from aegis_training.serving.scope_keys import CLIENT_GONE


def client_gone(request: Request | HttpRequest) -> threading.Event:
    """Return the event of the request. Under a pure WSGI server it is never set; the server notices when it writes."""
    event = request.META.get(CLIENT_GONE)
    return event if isinstance(event, threading.Event) else threading.Event()
