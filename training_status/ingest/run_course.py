"""How a run moves when events arrive: no database, no clock, only the rules of the contract.

A `RunCourse` holds the facts of one run that events can change. `apply` takes the next event and
changes them; what is to be stored beside the run (log entries, phase timings) is collected on it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from training_status import run_states
from training_status.ingest.batch import CompleteEvent, Event, FailEvent, LogEvent, PhaseEvent, ProgressEvent
from training_status.log_levels import LEVEL_NUMBERS
from training_status.phases import FIRST_PHASE, overall_percent, phase_position


@dataclass(slots=True)
class Entry:
    """A log entry to be stored: `level` by its number, `timestamp` as the reporter gave it."""

    seq: int
    timestamp: datetime
    level: int
    message: str
    step: str | None
    metrics: dict[str, Any] | None


@dataclass(slots=True)
class RunCourse:
    """The facts of a run that events change; fields as in `TrainingRun`.

    `phase_started_at` is the beginning of the current phase. `opened_phases` are the (phase, began)
    and `closed_phases` the (phase, ended) that events brought; `entries` the new log entries.
    """

    id: int
    state: str
    failure_reason: str | None
    end_reported: bool
    cancel_requested_at: datetime | None
    current_phase: str | None
    progress_percent: float
    message: str | None
    metrics: dict[str, Any]
    error_message: str | None
    started_at: datetime | None
    ended_at: datetime | None
    last_report_at: datetime
    last_event_at: datetime
    source: Any
    last_n: int
    last_seq: int
    phase_started_at: datetime | None
    result: dict[str, Any] | None = None
    entries: list[Entry] = field(default_factory=list)
    opened_phases: list[tuple[str, datetime]] = field(default_factory=list)
    closed_phases: list[tuple[str, datetime]] = field(default_factory=list)
    reopened_phase: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether the run is stored as pending or running."""
        return self.state in run_states.ACTIVE_STATES

    def resume(self) -> None:
        """Undo a provisional end: the reporter was heard of again. An end that it reported itself stays."""
        if self.is_active or self.end_reported:
            return
        self.state = run_states.RUNNING if self.started_at else run_states.PENDING
        self.failure_reason = self.ended_at = None
        self.reopened_phase = self.current_phase

    def apply(self, event: Event, *, happened_at: datetime, received_at: datetime) -> None:
        """Take the run one event further.

        `happened_at` is the event's time on the service's clock; `received_at` stands in for a
        missing `timestamp` in the log. Times of a run never go back: an event that claims to lie
        before the run's start or its current phase counts from there.
        """
        happened_at = max(happened_at, self.phase_started_at or self.started_at or happened_at)
        if self.started_at is None:
            self.started_at = happened_at
            self.state = run_states.RUNNING
            if not isinstance(event, PhaseEvent):
                self._enter(FIRST_PHASE.name, happened_at)
        self.last_n = event.n
        timestamp = event.timestamp or received_at
        match event:
            case PhaseEvent():
                if phase_position(event.phase) > phase_position(self.current_phase):
                    self._enter(event.phase, happened_at)
                self._log(timestamp, "INFO", event.message or f"Phase {event.phase}", self.current_phase, None)
            case ProgressEvent():
                assert self.current_phase is not None  # entered with the first event
                percent = overall_percent(self.current_phase, event.fraction)
                self.progress_percent = max(self.progress_percent, percent)
                self.message = event.message or self.message
                self.metrics.update(event.metrics or {})
                if event.message or event.metrics:
                    self._log(timestamp, "INFO", event.message, self.current_phase, event.metrics)
            case LogEvent():
                self._log(timestamp, event.level, event.message, event.step, event.metrics)
            case CompleteEvent():
                self.metrics.update(event.metrics or {})
                self.result = event.result
                self.progress_percent = 100.0
                if event.message:
                    self._log(timestamp, "INFO", event.message, self.current_phase, event.metrics)
                self._end(run_states.COMPLETED, None, happened_at)
            case FailEvent():
                self.metrics.update(event.metrics or {})
                self.error_message = event.error
                self._log(timestamp, "ERROR", event.error, self.current_phase, event.metrics)
                cancelled = self.cancel_requested_at is not None
                reason = run_states.CANCELLED if cancelled else run_states.ERROR
                self._end(run_states.FAILED, reason, happened_at)

    def give_up(self, reason: str, ended_at: datetime) -> None:
        """End the run provisionally, in the reporter's absence: it goes on when it reports again."""
        self.state = run_states.FAILED
        self.failure_reason = reason
        self.ended_at = max(ended_at, self.phase_started_at or self.started_at or ended_at)
        if self.current_phase is not None:
            self.closed_phases.append((self.current_phase, self.ended_at))

    def _end(self, state: str, reason: str | None, ended_at: datetime) -> None:
        self.state, self.failure_reason, self.end_reported = state, reason, True
        self.ended_at = ended_at
        if self.current_phase is not None:
            self.closed_phases.append((self.current_phase, ended_at))

    def _enter(self, phase: str, began_at: datetime) -> None:
        if self.current_phase is not None:
            self.closed_phases.append((self.current_phase, began_at))
        self.opened_phases.append((phase, began_at))
        self.current_phase, self.phase_started_at = phase, began_at
        self.progress_percent = max(self.progress_percent, overall_percent(phase, 0.0))

    def _log(
        self, timestamp: datetime, level: str, message: str, step: str | None, metrics: dict[str, Any] | None
    ) -> None:
        self.last_seq += 1
        self.entries.append(Entry(self.last_seq, timestamp, LEVEL_NUMBERS[level], message, step, metrics or None))
