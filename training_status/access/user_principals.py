"""Principals of signed-in users, and of anonymous requests."""

from django.conf import settings
from django.contrib.auth.models import User

from training_status.access.principal import ANONYMOUS, USER, Credential, Principal
from training_status.roles import OPERATOR, highest_role


def principal_of_user(user: User, credential: Credential | None = None) -> Principal:
    """Return a user's principal: superusers are operators, others get the highest role of their groups.

    Users without such a group get the anonymous role, if there is one.
    """
    credential = credential or Credential(USER, user.pk)
    if user.is_superuser:
        return Principal(user.get_username(), OPERATOR, credential)
    groups = list(user.groups.values_list("name", flat=True))
    return Principal(user.get_username(), highest_role(groups) or settings.ANONYMOUS_ROLE, credential)


def anonymous_principal() -> Principal | None:
    """Return the principal of anonymous requests; None unless AEGIS_ANONYMOUS_ROLE is set."""
    role = settings.ANONYMOUS_ROLE
    return None if role is None else Principal("anonymous", role, Credential(ANONYMOUS))
