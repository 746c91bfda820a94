"""Who acts in a request, for the audit log: found out only when there is something to record."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from training_status.access.principal import Principal
from training_status.access.tokens import token_name
from training_status.audit.actor import ANONYMOUS, TOKEN, USER, Actor, as_lazy_actor


def actor_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: whatever a page, the admin or the API does for a request, its sender does."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with as_lazy_actor(lambda: _sender_of(request)):
            return get_response(request)

    return middleware


def _sender_of(request: HttpRequest) -> Actor:
    """The token or the person that the API has let in (DRF notes it as `auth`), or the person signed in.

    The address is the server's: uvicorn takes `X-Forwarded-For` from those proxies alone that it is told to trust.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    principal = getattr(request, "auth", None)
    if isinstance(principal, Principal) and principal.token_prefix is not None:
        return Actor(TOKEN, token_name(principal.name, principal.token_prefix), address)
    user = request.user
    if isinstance(user, User):
        return Actor(USER, user.get_username(), address)
    return Actor(ANONYMOUS, "anonymous", address)
