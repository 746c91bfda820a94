"""Errors as problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from django.http import HttpResponse

MEDIA_TYPE: Final = "application/problem+json"


def problem(
    status: int,
    detail: str,
    code: str,
    *,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> HttpResponse:
    """A response that describes a problem: `detail` is a sentence for people, `code` a word for programs."""
    title = HTTPStatus(status).phrase
    headers = {"Cache-Control": "no-store", **(headers or {})}  # a cache may keep a 404 that does not say so
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **extensions}
    return HttpResponse(msgspec.json.encode(body), status=status, content_type=MEDIA_TYPE, headers=headers)
