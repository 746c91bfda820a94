"""The ways a request says who sends it: a token, a session, or (where opened) nothing at all.

Each gives DRF a pair (user, caller): `request.auth` is always a `Principal`.
"""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from training_status.access.principal import SESSION, Credential, Principal
from training_status.access.tickets import caller_with_ticket
from training_status.access.tokens import caller_with_token
from training_status.access.user_principals import anonymous_principal, principal_of_user


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. Any other or garbled header is 401, whatever else is sent."""

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        """The token's caller; None when there is no such header."""
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        principal = caller_with_token(token.strip()) if scheme.lower() == "bearer" else None
        if principal is None:
            raise AuthenticationFailed("The Authorization header holds no valid token: it must be 'Bearer TOKEN'.")
        return principal, principal

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="Aegis Training Status"'


class TicketAuthentication(BaseAuthentication):
    """`?ticket=`, on the streams alone: for pages of other origins, whose EventSource sends no header."""

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        """The caller that the ticket was made for; None when there is none in the query."""
        ticket = request.query_params.get("ticket")
        if ticket is None:
            return None
        principal = caller_with_ticket(ticket)
        if principal is None:
            raise AuthenticationFailed("The ticket is not valid, or not any more: ask for another one.")
        return principal, principal


class SessionRoleAuthentication(SessionAuthentication):
    """A signed-in person, with the role that their groups give."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        """The session's user; None when there is none. Raises PermissionDenied without the CSRF token."""
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        user = signed_in[0]
        return user, principal_of_user(user, Credential(SESSION, request.session.session_key or ""))


class AnonymousRoleAuthentication(BaseAuthentication):
    """Everybody, where AEGIS_ANONYMOUS_ROLE opens the service to them."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Principal] | None:
        """A caller with the anonymous role; None where there is none."""
        principal = anonymous_principal()
        return None if principal is None else (AnonymousUser(), principal)
