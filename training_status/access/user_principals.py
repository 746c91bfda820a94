"""What people may do: those who signed in, and everybody where reading is open to all."""

from django.conf import settings
from django.contrib.auth.models import User

from training_status.access.principal import ANONYMOUS, USER, Credential, Principal
from training_status.roles import OPERATOR, highest_role


def principal_of_user(user: User, credential: Credential | None = None) -> Principal:
    """What a person may do: superusers everything, others by the highest of their groups' roles, or as everybody."""
    credential = credential or Credential(USER, user.pk)
    if user.is_superuser:
        return Principal(user.get_username(), OPERATOR, credential)
    groups = list(user.groups.values_list("name", flat=True))
    return Principal(user.get_username(), highest_role(groups) or settings.ANONYMOUS_ROLE, credential)


def anonymous_principal() -> Principal | None:
    """The caller that everybody is where reading is open to all; None elsewhere."""
    role = settings.ANONYMOUS_ROLE
    return None if role is None else Principal("anonymous", role, Credential(ANONYMOUS))
