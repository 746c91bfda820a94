"""Trailing slashes: URLs of the API have none, and work the same with one."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

API_PREFIX = "/api/"
_KEEP_THEIR_SLASH = ("/admin/", "/static/")
_UNVERSIONED_STREAM = re.compile(r"/admin/domains/[^/]+/training-stream/?")  # below Django's admin, but of the API


def is_api(request: HttpRequest) -> bool:
    """Whether the path belongs to the API, so that errors are problem details and not pages."""
    path = request.path_info
    return path.startswith(API_PREFIX) or path == "/openapi.json" or _UNVERSIONED_STREAM.fullmatch(path) is not None


def without_trailing_slash(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that routes `/api/…/` as `/api/…`: no redirect, which would lose a POST's body.

    Pages have no slash either; Django's admin has, and is left alone.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        keeps_its_slash = path.startswith(_KEEP_THEIR_SLASH) and not _UNVERSIONED_STREAM.fullmatch(path)
        if len(path) > 1 and path.endswith("/") and not keeps_its_slash:
            request.path_info = path.removesuffix("/")
            request.path = request.path.removesuffix("/")
        return get_response(request)

    return middleware
