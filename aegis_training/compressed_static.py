"""Compressing static files while they are served: there is no build step that could do it before."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from training_status.api.accept_encoding import prefers_gzip


class CompressedStaticFiles(GZipMiddleware):
    """Whole files below STATIC_URL, and nothing else: the length of what is compressed tells of secrets in it."""

    max_random_bytes = 0

    def process_request(self, request: HttpRequest) -> None:
        """Ask WhiteNoise, which knows neither compressed files nor `If-Range`, for what the client can use."""
        if not request.path.startswith(settings.STATIC_URL):
            return
        # A part of the file may be added to what is compressed, or of another version.
        if prefers_gzip(request) or "HTTP_IF_RANGE" in request.META:
            request.META.pop("HTTP_RANGE", None)
        # A client that has the file compressed has the weak form of its ETag.
        if "HTTP_IF_NONE_MATCH" in request.META:
            request.META["HTTP_IF_NONE_MATCH"] = request.META["HTTP_IF_NONE_MATCH"].removeprefix("W/")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress the file if the client prefers that. Ranges are not compressed."""
        if not request.path.startswith(settings.STATIC_URL):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        if response.status_code != 200 or not prefers_gzip(request):
            return response
        return super().process_response(request, response)
