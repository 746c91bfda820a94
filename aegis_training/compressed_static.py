"""Scripts and styles go over the network compressed: they hold no secret that their size could give away."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

_TEXTS = ("text/", "application/javascript", "application/json", "image/svg+xml")


View = Callable[[HttpRequest], HttpResponseBase]


def compressed_static(get_response: View) -> View:
    """Middleware: as Django's own, for static texts alone."""
    gzip = GZipMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_text = response.headers.get("Content-Type", "").startswith(_TEXTS)
        if request.path_info.startswith(settings.STATIC_URL) and is_text and response.status_code == 200:
            response = gzip.process_response(request, response)
        return response

    return middleware
