"""The `message` of status events: the text of the event itself, or a sentence where it has none."""

from typing import Any, Final

from training_status.phases import PHASES, Phase, phase_position, phase_progress
from training_status.read.run_facts import RunFacts
from training_status.run_states import CANCELLED, COMPLETED, FAILED, LOST, PENDING, SHOWN_STATUS
from training_status.serializers.event_types import PHASE_CHANGED, STARTED

_FAILED_WITHOUT_ERROR: Final = {
    LOST: "The connection to the training was lost.",
    CANCELLED: "The training was cancelled.",
}


def event_text(event_type: str, run: RunFacts, status: dict[str, Any]) -> str:
    """Return the text of a status event; `status` is the run's status object.

    A phase has the message that it began with, progress the message of the latest report in the same phase, and an end
    its closing message or its error.
    """
    if event_type == STARTED:
        return "The training has started."
    displayed = status["status"]
    if displayed == SHOWN_STATUS[COMPLETED]:
        return run.event_message or "The training is completed."
    if displayed == SHOWN_STATUS[FAILED]:
        return status["error_message"] or _FAILED_WITHOUT_ERROR.get(status["failure_reason"], "The training failed.")
    if displayed == SHOWN_STATUS[PENDING]:
        return "The training has not started yet."
    phase = PHASES[phase_position(status["current_step"])]
    if event_type == PHASE_CHANGED:
        return run.phase_message or _beginning_of(phase)
    return run.event_message or _progress_in(phase, run.progress_percent)


def _beginning_of(phase: Phase) -> str:
    return f"Phase {phase.name}"


def _progress_in(phase: Phase, percent: float) -> str:
    done = phase_progress(phase, percent)
    return f"{_beginning_of(phase)}: {done} % done" if done else _beginning_of(phase)
