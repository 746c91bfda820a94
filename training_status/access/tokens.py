"""Access tokens: `aegis_PREFIX_SECRET`. The prefix finds the row, the secret's SHA-256 proves it."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from training_status.access.caller import TOKEN, Caller, Credential
from training_status.models import AccessToken, Domain

_PREFIX_LENGTH: Final = 8
_TOKEN = re.compile(r"aegis_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_NOTE_USE_EVERY: Final = timedelta(minutes=1)


def create_token(
    name: str, role: str, *, domain: Domain | None = None, expires_at: datetime | None = None
) -> tuple[AccessToken, str]:
    """A new token's row, and the token itself: the only time that anybody sees it."""
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
    return row, f"aegis_{prefix}_{secret}"


def caller_with_token(text: str) -> Caller | None:
    """Whom the token stands for; None when it is garbled, unknown, expired or revoked. One query.

    Writes `last_used_at` when that is over a minute old.
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
    return Caller(name, role, Credential(TOKEN, key), only_domain_id=domain_id)


def callers_with_token_ids(token_ids: list[int]) -> dict[int, Caller]:
    """Whom these tokens, known by their rows' keys, stand for now; expired and revoked ones are left out."""
    valid = AccessToken.objects.filter(id__in=token_ids, revoked_at=None).exclude(expires_at__lte=timezone.now())
    return {
        key: Caller(name, role, Credential(TOKEN, key), only_domain_id=domain_id)
        for key, name, role, domain_id in valid.values_list("id", "name", "role", "domain_id")
    }


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
