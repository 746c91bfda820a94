"""Responses with a short document: ETag by content, compression, ranges and 304."""

import functools
import gzip
import hashlib
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from training_status.api.accept_encoding import prefers_gzip
from training_status.api.byte_range import RangeNotSatisfiable, not_satisfiable, wanted_range
from training_status.api.conditional import answer_by_etag


def document_response(request: Any, response: HttpResponse) -> HttpResponseBase:
    """The response to a GET or a HEAD, with an ETag; compressed, or a part of it, or 304, as the request says.

    Only for documents without secrets: the length of a compressed document reveals its content.
    """
    content = response.content
    etag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    compress = prefers_gzip(request)
    answer = answer_by_etag(request, etag)
    if answer is not None:
        for name in ("Vary", "Cache-Control"):
            if name in response:
                answer[name] = response[name]
        response = answer  # type: ignore[assignment]
    elif wanted := wanted_range(request, etag, without_validator=not compress):
        compress = False
        try:
            begin, stop = wanted.within(len(content))
        except RangeNotSatisfiable as error:
            return not_satisfiable(error)
        response.status_code = 206
        response.content = content[begin:stop]
        response.headers["Content-Range"] = f"bytes {begin}-{stop - 1}/{len(content)}"
    elif compress:
        response.content = _compressed(content)
        response.headers["Content-Encoding"] = "gzip"
    if response.status_code in (200, 206):
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["Accept-Ranges"] = "bytes"
    if response.status_code in (200, 206, 304):
        response.headers["ETag"] = f"W/{etag}" if compress else etag
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


@functools.lru_cache(maxsize=8)
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=6, mtime=0)
