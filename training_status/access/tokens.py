"""Access tokens: `aegis_PREFIX_SECRET`. The prefix finds the row; the SHA-256 of the secret is compared."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from training_status.access.principal import TOKEN, Credential, Principal
from training_status.audit.record import record
from training_status.models import AccessToken, Domain

_PREFIX_LENGTH: Final = 8
_TOKEN = re.compile(r"aegis_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_NOTE_USE_EVERY: Final = timedelta(minutes=1)


def token_name(name: str, prefix: str) -> str:
    """Return the displayed name of a token: name and prefix, because names are not unique."""
    return f"{name} ({prefix})"


@transaction.atomic
def create_token(
    name: str, role: str, *, domain: Domain | None = None, expires_at: datetime | None = None
) -> tuple[AccessToken, str]:
    """Create and record a token. Return its row and the token itself, which cannot be read again."""
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(_PREFIX_LENGTH))
    secret = secrets.token_urlsafe(32)
    row = AccessToken.objects.create(
        name=name,
        prefix=prefix,
        secret_sha256=_sha256(secret),
        role=role,
        domain=domain,
        created_at=timezone.now(),
        expires_at=expires_at,
    )
    record(
        "granted",
        "token",
        token_name(name, prefix),
        role=role,
        domain=None if domain is None else domain.name,
        expires_at=None if expires_at is None else expires_at.isoformat(),
    )
    return row, f"aegis_{prefix}_{secret}"


def tokens_called(prefix_or_name: str) -> list[AccessToken]:
    """Return the tokens with this prefix or name, also revoked ones, oldest first."""
    meant = Q(prefix=prefix_or_name) | Q(name=prefix_or_name)
    return list(AccessToken.objects.select_related("domain").filter(meant).order_by("created_at", "id"))


@transaction.atomic
def revoke_tokens(token_ids: list[int]) -> int:
    """Revoke tokens, from their next request on. Return how many were not revoked before. Each is recorded.

    Locks the tokens.
    """
    valid = AccessToken.objects.select_for_update().filter(id__in=token_ids, revoked_at=None).order_by("id")
    for row in valid:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        record("revoked", "token", token_name(row.name, row.prefix), role=row.role)
    return len(valid)


def principal_of_token(text: str) -> Principal | None:
    """Return the principal of a token; None if it is malformed, unknown, expired or revoked. One query.

    Updates `last_used_at` if that is more than a minute old.
    """
    parts = _TOKEN.fullmatch(text)
    if parts is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, name, secret_sha256, role, domain_id, expires_at, revoked_at, last_used_at
              FROM training_status_accesstoken WHERE prefix = %s
            """,
            (parts[1],),
        )
        row = cursor.fetchone()
    if row is None:
        return None
    key, name, secret_sha256, role, domain_id, expires_at, revoked_at, last_used_at = row
    now = timezone.now()
    if not hmac.compare_digest(secret_sha256, _sha256(parts[2])):
        return None
    if revoked_at is not None or (expires_at is not None and expires_at <= now):
        return None
    if last_used_at is None or now - last_used_at > _NOTE_USE_EVERY:
        AccessToken.objects.filter(id=key).update(last_used_at=now)
    return Principal(name, role, Credential(TOKEN, key), only_domain_id=domain_id, token_prefix=parts[1])


def principals_of_tokens(token_ids: list[int]) -> dict[int, Principal]:
    """Return the current principals of tokens by key. Expired and revoked tokens are left out."""
    valid = AccessToken.objects.filter(id__in=token_ids, revoked_at=None).exclude(expires_at__lte=timezone.now())
    return {
        key: Principal(name, role, Credential(TOKEN, key), only_domain_id=domain_id, token_prefix=prefix)
        for key, name, role, domain_id, prefix in valid.values_list("id", "name", "role", "domain_id", "prefix")
    }


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
