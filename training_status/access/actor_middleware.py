"""Middleware that sets the actor of a request for the audit log. The actor is looked up only when it is needed."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from training_status.access.principal import Principal
from training_status.access.tokens import token_name
from training_status.audit.actor import ANONYMOUS, TOKEN, USER, Actor, as_lazy_actor


def actor_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: audit entries of a page, the admin or the API name the sender of the request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with as_lazy_actor(lambda: _sender_of(request)):
            return get_response(request)

    return middleware


def _sender_of(request: HttpRequest) -> Actor:
    """Return the token or user that the API has authenticated (DRF's `auth`), or the user of the session.

    The address comes from the server: uvicorn uses `X-Forwarded-For` only from trusted proxies.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    principal = getattr(request, "auth", None)
    if isinstance(principal, Principal) and principal.token_prefix is not None:
        return Actor(TOKEN, token_name(principal.name, principal.token_prefix), address)
    user = request.user
    if isinstance(user, User):
        return Actor(USER, user.get_username(), address)
    return Actor(ANONYMOUS, "anonymous", address)
