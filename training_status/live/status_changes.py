"""What it means that a status differs from the one told before."""

from typing import Any, Final

from training_status.run_states import COMPLETED as RUN_COMPLETED
from training_status.run_states import FAILED as RUN_FAILED
from training_status.run_states import SHOWN_STATUS
from training_status.serializers.envelope import COMPLETED, FAILED, PHASE_CHANGED, PROGRESS_UPDATE

END_EVENTS: Final = {SHOWN_STATUS[RUN_COMPLETED]: COMPLETED, SHOWN_STATUS[RUN_FAILED]: FAILED}

# These pass with time alone: that they differ is no news.
_PASSING: Final = frozenset({"elapsed_time_ms", "estimated_completion", "forecast"})
_OF_AN_END: Final = frozenset({"training_run_id", "status", "failure_reason", "completed_at", "error_message"})


def differs(status: dict[str, Any], before: dict[str, Any] | None) -> bool:
    """Whether there is something to tell. An end is told once, whoever is heard of after it."""
    if before is None:
        return True
    compared = _OF_AN_END if is_over(status) and is_over(before) else status.keys() - _PASSING
    return any(before[name] != status[name] for name in compared)


def is_over(status: dict[str, Any]) -> bool:
    """Whether it is the status of a run that has ended, if only for the time being."""
    return status["status"] in END_EVENTS


def change_event(status: dict[str, Any], before: dict[str, Any]) -> str:
    """The `event_type` of a status that differs from `before`, of the same run, which had started by then."""
    if is_over(status):
        return END_EVENTS[status["status"]]
    return PHASE_CHANGED if status["current_step"] != before["current_step"] else PROGRESS_UPDATE


def has_started(status: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether the run has started since `before`."""
    return before["started_at"] is None and status["started_at"] is not None
