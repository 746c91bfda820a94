"""The authentication classes of the API: token, stream ticket, session, and the anonymous role.

Each returns a pair (user, principal), so `request.auth` is always a `Principal`.
"""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from training_status.access.principal import SESSION, Credential, Principal
from training_status.access.tickets import principal_of_ticket
from training_status.access.tokens import principal_of_token
from training_status.access.user_principals import anonymous_principal, principal_of_user


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. Any other Authorization header is 401, whatever else is sent."""

    def authenticate(self, request: Request | HttpRequest) -> tuple[Principal, Principal] | None:
        """Return the token's principal; None without the header. Raises AuthenticationFailed."""
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        principal = principal_of_token(token.strip()) if scheme.lower() == "bearer" else None
        if principal is None:
            raise AuthenticationFailed("The Authorization header has no valid token: it must be 'Bearer TOKEN'.")
        return principal, principal

    def authenticate_header(self, request: Request | HttpRequest) -> str:
        """The `WWW-Authenticate` header of a 401."""
        return 'Bearer realm="Aegis Training Status"'


class TicketAuthentication(BaseAuthentication):
    """`?ticket=`, only on streams: for pages of other origins, where EventSource cannot send headers."""

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        """Return the principal of the ticket; None without one in the query. Raises AuthenticationFailed."""
        ticket = request.query_params.get("ticket")
        if ticket is None:
            return None
        principal = principal_of_ticket(ticket)
        if principal is None:
            raise AuthenticationFailed("The ticket is invalid or has expired: request a new one.")
        return principal, principal


class SessionRoleAuthentication(SessionAuthentication):
    """A signed-in user, with the role that their groups give."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        """Return the session's user and principal; None without one. Raises PermissionDenied without the CSRF token."""
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        user = signed_in[0]
        return user, principal_of_user(user, Credential(SESSION, request.session.session_key or ""))


class AnonymousRoleAuthentication(BaseAuthentication):
    """Requests without credentials, if AEGIS_ANONYMOUS_ROLE is set."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Principal] | None:
        """Return a principal with the anonymous role; None if there is no such role."""
        principal = anonymous_principal()
        return None if principal is None else (AnonymousUser(), principal)
