"""The ways a request says who sends it: a token, a session, or (where opened) nothing at all.

Each gives DRF a pair (user, caller): `request.auth` is always a `Caller`.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from training_status.access.caller import Caller
from training_status.access.tokens import caller_with_token
from training_status.roles import OPERATOR, highest_role


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. Any other or garbled header is 401, whatever else is sent."""

    def authenticate(self, request: Request) -> tuple[Caller, Caller] | None:
        """The token's caller; None when there is no such header."""
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        caller = caller_with_token(token.strip()) if scheme.lower() == "bearer" else None
        if caller is None:
            raise AuthenticationFailed("The Authorization header holds no valid token: it must be 'Bearer TOKEN'.")
        return caller, caller

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="Aegis Training Status"'


class SessionRoleAuthentication(SessionAuthentication):
    """A signed-in person, with the role that their groups give."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        """The session's user; None when there is none. Raises PermissionDenied without the CSRF token."""
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        user = signed_in[0]
        return user, caller_of_user(user)


class AnonymousRoleAuthentication(BaseAuthentication):
    """Everybody, where AEGIS_ANONYMOUS_ROLE opens the service to them."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller] | None:
        """A caller with the anonymous role; None where there is none."""
        caller = anonymous_caller()
        return None if caller is None else (AnonymousUser(), caller)


def caller_of_user(user: User) -> Caller:
    """What a person may do: superusers everything, others by the highest of their groups' roles, or as everybody."""
    if user.is_superuser:
        return Caller(name=user.get_username(), role=OPERATOR)
    groups = list(user.groups.values_list("name", flat=True))
    return Caller(name=user.get_username(), role=highest_role(groups) or settings.ANONYMOUS_ROLE)


def anonymous_caller() -> Caller | None:
    """The caller that everybody is where reading is open to all; None elsewhere."""
    role = settings.ANONYMOUS_ROLE
    return None if role is None else Caller(name="anonymous", role=role)
