"""The permission class of the API: the role that a view requires for each method."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from training_status.access.principal import Principal
from training_status.roles import OPERATOR, VIEWER, covers


class HasRole(BasePermission):
    """Views declare `roles = {"GET": VIEWER, …}`. Every role may learn that a method is not allowed (405)."""

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the principal's role covers the role that the method requires."""
        principal = request.auth
        method = "GET" if request.method == "HEAD" else str(request.method)
        answers = method != "OPTIONS" and hasattr(view, method.lower())
        required = view.roles.get(method, OPERATOR if answers else VIEWER)
        allowed = isinstance(principal, Principal) and covers(principal.role, required)
        if not allowed and isinstance(request.user, AnonymousUser):
            raise NotAuthenticated  # the anonymous role is not enough: 401 asks for credentials
        return allowed
