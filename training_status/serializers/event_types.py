"""The kinds of events that streams send."""

from typing import Final

STARTED: Final = "started"
PHASE_CHANGED: Final = "phase_changed"
PROGRESS_UPDATE: Final = "progress_update"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
LOG: Final = "log"
GAP: Final = "gap"
CANDIDATE: Final = "candidate"
EVALUATION: Final = "evaluation"
STATUS_EVENTS: Final = (STARTED, PHASE_CHANGED, PROGRESS_UPDATE, COMPLETED, FAILED)
