"""The form of a path: the API has no trailing slash, and answers the form with one the same."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

API_PREFIX = "/api/"


def is_api(request: HttpRequest) -> bool:
    """Whether the request is one of a program, so that errors are problems and not pages."""
    return request.path_info.startswith(API_PREFIX)


def without_trailing_slash(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that routes `/api/…/` as `/api/…`: no redirect, which would lose a POST's body."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if is_api(request) and request.path_info.endswith("/"):
            request.path_info = request.path_info.removesuffix("/")
            request.path = request.path.removesuffix("/")
        return get_response(request)

    return middleware
