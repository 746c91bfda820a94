"""Stream tickets: signed permissions to open the streams of one domain for one minute.

A ticket is not stored. It names the token or user that requested it, so revoking that revokes the ticket.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from django.core import signing

from training_status.access.credentials import principals_of
from training_status.access.principal import SESSION, USER, Credential, Principal
from training_status.roles import VIEWER

_VALID_FOR: Final = timedelta(seconds=60)
_SALT: Final = "stream-ticket"


class Ticket(NamedTuple):
    """The text for `?ticket=`, and when it expires."""

    text: str
    expires_at: datetime


def make_ticket(principal: Principal, domain_id: int, *, user_id: int | None) -> Ticket:
    """Create a ticket for a domain. It names the user by `user_id`, since session keys must not be in URLs."""
    credential = principal.credential
    if credential.kind == SESSION:
        assert user_id is not None
        credential = Credential(USER, user_id)
    expires_at = datetime.now(UTC).replace(microsecond=0) + _VALID_FOR
    claims = [domain_id, credential.kind, credential.key, int(expires_at.timestamp())]
    return Ticket(signing.dumps(claims, salt=_SALT), expires_at)


def principal_of_ticket(text: str) -> Principal | None:
    """Return a principal that is a viewer of the ticket's domain; None if it is forged, expired or revoked."""
    try:
        domain_id, kind, key, expires_at = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return None
    if expires_at <= datetime.now(UTC).timestamp():
        return None
    credential = Credential(kind, key)
    principal = principals_of([credential]).get(credential)
    if principal is None or principal.role is None or principal.only_domain_id not in (None, domain_id):
        return None
    return Principal(principal.name, VIEWER, credential, only_domain_id=domain_id)
