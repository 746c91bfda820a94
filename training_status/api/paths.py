"""Trailing slashes: URLs of the API have none, and work the same with one."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

API_PREFIX = "/api/"
_KEEP_THEIR_SLASH = ("/admin/", "/static/")


def is_api(request: HttpRequest) -> bool:
    """Whether the path belongs to the API, so that errors are problem details and not pages."""
    return request.path_info.startswith(API_PREFIX)


def without_trailing_slash(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that routes `/api/…/` as `/api/…`: no redirect, which would lose a POST's body.

    Pages have no slash either; Django's admin has, and is left alone.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if len(path) > 1 and path.endswith("/") and not path.startswith(_KEEP_THEIR_SLASH):
            request.path_info = path.removesuffix("/")
            request.path = request.path.removesuffix("/")
        return get_response(request)

    return middleware
