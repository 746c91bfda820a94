"""What events about an optimiser add to a run: candidates, evaluations and usage to store."""

from datetime import datetime
from typing import NamedTuple

from training_status.ingest.optimizer_events import CandidateEvent, EvaluationEvent


class NewCandidate(NamedTuple):
    """A candidate to store; `number` counts those of the run, `reported_at` is on the service's clock."""

    number: int
    event: CandidateEvent
    reported_at: datetime
    phase: str


class NewEvaluation(NamedTuple):
    """An evaluation to store, as `NewCandidate`."""

    number: int
    event: EvaluationEvent
    reported_at: datetime
    phase: str
