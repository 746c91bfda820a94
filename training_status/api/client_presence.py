"""Whether somebody is still there to read a long response."""

import threading
from typing import Final

from django.http import HttpRequest
from rest_framework.request import Request

# The key, in the request's environment, of an Event that is set when the client has gone or stopped reading.
CLIENT_GONE: Final = "aegis.client_gone"


def client_gone(request: Request | HttpRequest) -> threading.Event:
    """The request's event; one that nobody sets under a pure WSGI server, which notices when it writes."""
    event = request.META.get(CLIENT_GONE)
    return event if isinstance(event, threading.Event) else threading.Event()
