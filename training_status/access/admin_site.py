"""The admin site, which only operators may use."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from training_status.access.user_principals import principal_of_user
from training_status.roles import OPERATOR, covers

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class OperatorsAdminSite(AdminSite):
    """The admin site for operators and superusers.

    Anonymous users are redirected to the sign-in page; users with another role get 403.
    """

    site_title = site_header = "Aegis Training Status"
    index_title = "Operations"
    enable_nav_sidebar = False  # the lists are wide

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the user is signed in as an operator. One query, none for a superuser."""
        user = request.user
        return isinstance(user, User) and user.is_active and covers(principal_of_user(user).role, OPERATOR)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Wrap a view so that only operators may use it."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def refusing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return guarded(request, *args, **kwargs)

        return cast(View, refusing)
