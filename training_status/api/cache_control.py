"""What a cache may keep: nothing that does not say so. Where a response says nothing, HTTP lets caches guess."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


def only_what_says_so(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: a response without `Cache-Control` is one to ask for each time, for its reader alone."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return middleware
