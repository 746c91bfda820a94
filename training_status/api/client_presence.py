"""Noticing that the client of a long response has disconnected."""

import threading
from typing import Final

from django.http import HttpRequest
from rest_framework.request import Request

# The key, in the WSGI environ, of an Event that is set when the client has disconnected or stopped reading.
CLIENT_GONE: Final = "aegis.client_gone"


def client_gone(request: Request | HttpRequest) -> threading.Event:
    """Return the event of the request. Under a pure WSGI server it is never set; the server notices when it writes."""
    event = request.META.get(CLIENT_GONE)
    return event if isinstance(event, threading.Event) else threading.Event()
