"""Serving static files compressed, as there is no build step, and in ranges."""

from typing import Final

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from training_status.api.accept_encoding import prefers_gzip
from training_status.api.byte_range import RangeNotSatisfiable, not_satisfiable, wanted_range
from training_status.api.conditional import answer_by_etag

_RANGE: Final = "HTTP_RANGE"
_KEPT_RANGE: Final = "aegis.range"


class CompressedStaticFiles(GZipMiddleware):
    """Files below STATIC_URL, and nothing else: the length of what is compressed tells of secrets in it."""

    max_random_bytes = 0

    def process_request(self, request: HttpRequest) -> None:
        """Ask WhiteNoise, which knows neither compressed files nor `If-Range`, for the whole file."""
        if not request.path.startswith(settings.STATIC_URL):
            return
        request.META[_KEPT_RANGE] = request.META.pop(_RANGE, None)
        # A client that has the file compressed has the weak form of its ETag.
        if "HTTP_IF_NONE_MATCH" in request.META:
            request.META["HTTP_IF_NONE_MATCH"] = request.META["HTTP_IF_NONE_MATCH"].removeprefix("W/")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress the file if the client prefers that, or return the requested range of the uncompressed file."""
        if not request.path.startswith(settings.STATIC_URL):
            return response
        if isinstance(response, FileResponse) and response.status_code == 200:
            response = self._answer(request, response)
        patch_vary_headers(response, ["Accept-Encoding"])
        return response

    def _answer(self, request: HttpRequest, response: FileResponse) -> HttpResponseBase:
        etag = response.headers["ETag"]
        compress = prefers_gzip(request)
        if (answer := answer_by_etag(request, etag)) is not None:
            _close_file(response)
            for name in ("Cache-Control", "ETag"):
                answer.headers[name] = response.headers[name]
            return answer
        if (kept := request.META[_KEPT_RANGE]) is not None:
            request.META[_RANGE] = kept
        wanted = wanted_range(request, etag, without_validator=not compress)
        if wanted is None:
            if compress:
                return super().process_response(request, response)
            response.headers["Accept-Ranges"] = "bytes"
            return response
        content = response.getvalue()
        _close_file(response)
        try:
            begin, stop = wanted.within(len(content))
        except RangeNotSatisfiable as error:
            return not_satisfiable(error)
        headers = {**response.headers, "Content-Length": str(stop - begin)}
        headers["Content-Range"] = f"bytes {begin}-{stop - 1}/{len(content)}"
        return HttpResponse(content[begin:stop], status=206, headers=headers)


def _close_file(response: FileResponse) -> None:
    """Another response takes this one's place. To close the whole would tell Django that the request has ended."""
    if response.file_to_stream is not None:
        response.file_to_stream.close()
