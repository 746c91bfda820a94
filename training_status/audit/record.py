"""Writing the audit log. There is no way to change it: the database refuses."""

from typing import Any, Final

from django.utils import timezone

from training_status.audit.actor import current_actor
from training_status.models import AuditEntry

ACTOR_MAX_CHARACTERS: Final = 200
ADDRESS_MAX_CHARACTERS: Final = 100
NAME_MAX_CHARACTERS: Final = 250


def record(action: str, subject: str, name: str, **details: Any) -> None:
    """Write that whoever acts at the moment did `action` to the `subject` of that name.

    Call it inside the transaction of the act: what is rolled back leaves no entry, and an entry that cannot
    be written undoes the act. `details` are JSON values, such as what `changes` gives; never a secret.
    """
    actor = current_actor()
    AuditEntry.objects.create(
        at=timezone.now(),
        actor_kind=actor.kind,
        actor=_cut(actor.name, ACTOR_MAX_CHARACTERS),
        address=_cut(actor.address, ADDRESS_MAX_CHARACTERS),
        action=action,
        subject=subject,
        name=_cut(name, NAME_MAX_CHARACTERS),
        details=details,
    )


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """For each field of `after` that `before` had otherwise: `{"from": …, "to": …}`."""
    return {field: {"from": before[field], "to": value} for field, value in after.items() if before[field] != value}


def _cut(text: str, limit: int) -> str:
    """No longer than its column: a name that somebody chose must not keep an act from being recorded."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
