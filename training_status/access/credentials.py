"""Resolving credentials to principals again, to check access while a stream is open."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.http import HttpRequest

from training_status.access.principal import ANONYMOUS, SESSION, TOKEN, USER, Credential, Principal
from training_status.access.tokens import principals_of_tokens
from training_status.access.user_principals import anonymous_principal, principal_of_user

_Session: Final[Any] = import_module(settings.SESSION_ENGINE).SessionStore


def principals_of(credentials: Iterable[Credential]) -> dict[Credential, Principal]:
    """Return the current principal of each credential. Credentials that are no longer valid are left out.

    One query for all tokens; two to four for each user.
    """
    credentials = list(credentials)
    token_ids = {int(credential.key): credential for credential in credentials if credential.kind == TOKEN}
    found = {token_ids[key]: principal for key, principal in principals_of_tokens(list(token_ids)).items()}
    for credential in credentials:
        principal = _person(credential)
        if principal is not None:
            found[credential] = principal
    return found


def _person(credential: Credential) -> Principal | None:
    if credential.kind == ANONYMOUS:
        return anonymous_principal()
    if credential.kind == USER:
        user = User.objects.filter(pk=credential.key, is_active=True).first()
        return None if user is None else principal_of_user(user)
    if credential.kind == SESSION:
        request = HttpRequest()
        request.session = _Session(session_key=credential.key)
        person = get_user(request)  # None after sign-out, after a change of the password, for an inactive user
        return principal_of_user(person, credential) if isinstance(person, User) else None
    return None
