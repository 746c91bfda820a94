"""Cache-Control for responses that do not set it. Without the header, HTTP lets caches decide how long to keep them."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


def private_by_default(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: set `Cache-Control: private, no-cache` on responses without that header."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return middleware
