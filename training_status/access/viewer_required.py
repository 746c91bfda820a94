"""The decorator of pages that require the role of a viewer: by session, or by the anonymous role."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from training_status.access.principal import Principal
from training_status.access.user_principals import anonymous_principal, principal_of_user
from training_status.roles import VIEWER, covers

View = Callable[..., HttpResponseBase]


def viewer_required(view: View) -> View:
    """Decorator: viewers get the page, anonymous users the sign-in page, and users without a role 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        principal = principal_of_request(request)
        if principal is None:
            return redirect_to_login(request.get_full_path())
        if not covers(principal.role, VIEWER):
            raise PermissionDenied
        request.principal = principal  # type: ignore[attr-defined]  # for the page's header
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")  # access is checked for each request
        return response

    return guarded


def principal_of_request(request: HttpRequest) -> Principal | None:
    """Return the principal of a request for a page; None for an anonymous user without a role."""
    user = request.user
    if isinstance(user, User):
        return principal_of_user(user)
    return anonymous_principal()
