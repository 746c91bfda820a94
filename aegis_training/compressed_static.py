"""Static files compressed on their way to the browser: there is no build step that could have done it before."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressedStaticFiles(GZipMiddleware):
    """Whole files below STATIC_URL, and nothing else: the length of what is compressed tells of secrets in it."""

    max_random_bytes = 0

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress it for whoever accepts that. A part of a file stays as it is."""
        if response.status_code != 200 or not request.path.startswith(settings.STATIC_URL):
            return response
        return super().process_response(request, response)
