"""The right that a view asks for, by method."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from training_status.access.principal import Principal
from training_status.roles import OPERATOR, VIEWER, covers


class HasRole(BasePermission):
    """Views say `roles = {"GET": VIEWER, …}`. Whoever has a role at all may learn that a method is none (405)."""

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller's role covers what the method needs."""
        principal = request.auth
        method = "GET" if request.method == "HEAD" else str(request.method)
        answers = method != "OPTIONS" and hasattr(view, method.lower())
        required = view.roles.get(method, OPERATOR if answers else VIEWER)
        allowed = isinstance(principal, Principal) and covers(principal.role, required)
        if not allowed and isinstance(request.user, AnonymousUser):
            raise NotAuthenticated  # what is open to everybody is not enough: 401 asks for more
        return allowed
