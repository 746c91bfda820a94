"""The states of a run, stored and shown.

Stored: `pending`, `running`, `completed`, `failed` with a reason. The reporter's own `complete` and
`fail` are final; `lost`, and `cancelled` without the reporter's own end, are provisional: a run that
reports again goes on. What people see of them is defined in `displayed_state`.
"""

from typing import Final

PENDING: Final = "pending"
RUNNING: Final = "running"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
RUN_STATES: Final = (PENDING, RUNNING, COMPLETED, FAILED)
ACTIVE_STATES: Final = frozenset({PENDING, RUNNING})

ERROR: Final = "error"
CANCELLED: Final = "cancelled"
LOST: Final = "lost"
FAILURE_REASONS: Final = (ERROR, CANCELLED, LOST)

# What clients see. Old clients know these four words, so `running` is shown as `training`.
SHOWN_STATUS: Final = {PENDING: "pending", RUNNING: "training", COMPLETED: "completed", FAILED: "failed"}

HEALTH_OK: Final = "ok"
HEALTH_STALLED: Final = "stalled"
HEALTH_HANGING: Final = "hanging"
HEALTHS: Final = (HEALTH_OK, HEALTH_STALLED, HEALTH_HANGING)


def is_cancelled_unheard(failure_reason: str | None, *, end_reported: bool) -> bool:
    """Whether a run was given up as `cancelled` without its reporter's word, which may still come."""
    return failure_reason == CANCELLED and not end_reported
