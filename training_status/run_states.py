"""The states of a run, the moves between them, and what follows from them and a clock.

Stored: `pending`, `running`, `completed`, `failed` with a reason. The reporter's own `complete` and
`fail` are final; `lost`, and `cancelled` without the reporter's own end, are provisional: a run that
reports again goes on. What people see is computed from stored facts and one `now`, so silence needs
no writer to be noticed.
"""

from datetime import datetime, timedelta
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


def is_silent(last_report_at: datetime, now: datetime, limit: timedelta) -> bool:
    """Whether nothing was heard for the whole of `limit`."""
    return now - last_report_at >= limit


def given_up_at(
    *,
    state: str,
    cancel_requested_at: datetime | None,
    last_report_at: datetime,
    now: datetime,
    stall_limit: timedelta,
) -> datetime | None:
    """When an active run counts as `cancelled` although its reporter never said so; None if it does not.

    An operator asked it to stop and nobody has reported for the stall limit, whichever came first.
    """
    if state not in ACTIVE_STATES or cancel_requested_at is None:
        return None
    if not is_silent(last_report_at, now, stall_limit):
        return None
    return max(cancel_requested_at, last_report_at)


def is_cancelled_unheard(failure_reason: str | None, *, end_reported: bool) -> bool:
    """Whether a run was given up as `cancelled` without its reporter's word, which may still come."""
    return failure_reason == CANCELLED and not end_reported


def health(
    *,
    state: str,
    last_report_at: datetime,
    last_event_at: datetime,
    now: datetime,
    stall_limit: timedelta,
    hang_limit: timedelta,
) -> str | None:
    """`ok`, `stalled` (nothing heard), `hanging` (heartbeats but no event); None for a finished run."""
    if state not in ACTIVE_STATES:
        return None
    if is_silent(last_report_at, now, stall_limit):
        return HEALTH_STALLED
    if is_silent(last_event_at, now, hang_limit):
        return HEALTH_HANGING
    return HEALTH_OK
