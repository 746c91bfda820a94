"""Responses with a generated file: the whole or a range, compressed or not, or 304."""

import threading
from collections.abc import Iterator

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request

from aegis_training.serving.scope_keys import CLIENT_GONE
from training_status.api.accept_encoding import prefers_gzip
from training_status.api.byte_range import ByteRange, RangeNotSatisfiable, not_satisfiable, wanted_range
from training_status.api.conditional import answer_by_etag
from training_status.api.download import Download
from training_status.api.part_offsets import Body, offsets_of


def download_response(
    request: Request, body: Body, *, media_type: str, file_name: str, only_grows: bool
) -> HttpResponseBase:
    """Answer a GET or a HEAD. `only_grows`: the file is only appended to.

    Ranges are of the uncompressed bytes, which alone have the strong ETag. A range needs this ETag in `If-Range`.
    Without `If-Range`, it needs a request without compression and a file that only grows. The length of the whole is
    not sent, because it is unknown before the end. Raises Unavailable if too many downloads are running.
    """
    compress = prefers_gzip(request)
    response = wanted = None
    if body.etag is not None:
        response = answer_by_etag(request, body.etag)
        wanted = wanted_range(request, body.etag, without_validator=only_grows and not compress)
    if response is None and wanted is not None:
        response = _part(request, body, wanted)
        compress = compress and response is None
    if response is None:
        response = _whole(request, body, compress=compress)
    if response.status_code in (200, 206):
        response.headers["Content-Type"] = media_type
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    if response.status_code in (200, 206, 304) and body.etag is not None:
        response.headers["ETag"] = f"W/{body.etag}" if compress else body.etag
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _whole(request: Request, body: Body, *, compress: bool) -> StreamingHttpResponse:
    headers = {"Content-Encoding": "gzip"} if compress else {"Accept-Ranges": "none" if body.etag is None else "bytes"}
    if request.method == "HEAD":
        return StreamingHttpResponse((), headers=headers)
    offsets = offsets_of(body)
    download = Download(lambda: offsets.learning(body.parts()), _client_gone(request), compress=compress)
    return StreamingHttpResponse(download, headers=headers)


def _part(request: Request, body: Body, wanted: ByteRange) -> HttpResponseBase | None:
    """The part, for which the length of the whole must be known; None when it takes too long to learn it."""
    offsets = offsets_of(body)
    length: int | None = 0
    begin = stop = 0

    def parts() -> Iterator[bytes]:
        nonlocal length, begin, stop
        length = offsets.measure(body)
        if length is None:
            return iter(())
        begin, stop = wanted.within(length)
        return offsets.cut(body, begin, stop)

    try:
        download = Download(parts, _client_gone(request))
    except RangeNotSatisfiable as error:
        return not_satisfiable(error)
    if length is None:
        download.close()
        return None
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Range": f"bytes {begin}-{stop - 1}/{length}",
        "Content-Length": str(stop - begin),
    }
    return StreamingHttpResponse(download, status=206, headers=headers)


def _client_gone(request: Request) -> threading.Event:
    """The event that the client has disconnected. A pure WSGI server, which notices by itself, never sets it."""
    event = request.META.get(CLIENT_GONE)
    return event if isinstance(event, threading.Event) else threading.Event()
