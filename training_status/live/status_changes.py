"""Comparing a run's status with the one sent before: whether to send it, and as which event."""

from typing import Any, Final

from training_status.run_states import COMPLETED as RUN_COMPLETED
from training_status.run_states import FAILED as RUN_FAILED
from training_status.run_states import SHOWN_STATUS
from training_status.serializers.event_types import COMPLETED, FAILED, PHASE_CHANGED, PROGRESS_UPDATE

END_EVENTS: Final = {SHOWN_STATUS[RUN_COMPLETED]: COMPLETED, SHOWN_STATUS[RUN_FAILED]: FAILED}

# These change with time alone, so a difference in them is not sent.
_PASSING: Final = frozenset({"elapsed_time_ms", "estimated_completion", "forecast"})
_OF_AN_END: Final = frozenset({"training_run_id", "status", "failure_reason", "completed_at", "error_message"})


def differs(status: dict[str, Any], before: dict[str, Any] | None) -> bool:
    """Whether the status must be sent. An end is sent once, even if reports are received after it."""
    if before is None:
        return True
    compared = _OF_AN_END if is_over(status) and is_over(before) else status.keys() - _PASSING
    return any(before[name] != status[name] for name in compared)


def is_over(status: dict[str, Any]) -> bool:
    """Whether it is the status of a run that has ended, provisionally or not."""
    return status["status"] in END_EVENTS


def change_event(status: dict[str, Any], before: dict[str, Any]) -> str:
    """Return the `event_type` for a status that differs from `before`; both are of the same, started run."""
    if is_over(status):
        return END_EVENTS[status["status"]]
    return PHASE_CHANGED if status["current_step"] != before["current_step"] else PROGRESS_UPDATE


def has_started(status: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether the run has started since `before`."""
    return before["started_at"] is None and status["started_at"] is not None
