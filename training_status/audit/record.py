"""Writing audit entries. They cannot be changed: the database refuses it."""

from typing import Any, Final

from django.utils import timezone

from training_status.audit.actor import current_actor
from training_status.models import AuditEntry

ACTOR_MAX_CHARACTERS: Final = 200
ADDRESS_MAX_CHARACTERS: Final = 100
NAME_MAX_CHARACTERS: Final = 250


def record(action: str, subject: str, name: str, **details: Any) -> None:
    """Record that the current actor performed `action` on the `subject` with this name.

    Call this inside the transaction of the action: a rollback removes the entry, and a failure to write the entry
    rolls back the action. `details` are JSON values, such as those of `changes`; never secrets.
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
    """Return `{"from": …, "to": …}` for each field of `after` that differs from `before`."""
    return {field: {"from": before[field], "to": value} for field, value in after.items() if before[field] != value}


def _cut(text: str, limit: int) -> str:
    """Truncate to the width of the column: a long name must not prevent an action from being recorded."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
