"""The state machine of a run: how events, silence and operators change it. It uses no database and no clock.

A `RunStateMachine` holds the fields of one run that can change. `apply` takes the next event and changes them. It
collects what must be stored beside the run: log entries and phase timings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from training_status import run_states
from training_status.best_evaluations import Scored, with_evaluation
from training_status.budget import EXCEEDED, BudgetUse, budget_use
from training_status.displayed_state import LOST, cancelled_at
from training_status.forecast.stored_estimate import StoredEstimate
from training_status.ingest.batch import (
    METRICS_MAX_BYTES,
    CompleteEvent,
    Event,
    FailEvent,
    LogEvent,
    PhaseEvent,
    ProgressEvent,
)
from training_status.ingest.optimizer_events import CandidateEvent, EvaluationEvent, UsageEvent
from training_status.ingest.optimizer_records import NewCandidate, NewEvaluation
from training_status.ingest.usage_totals import sums_of, with_sums
from training_status.jsonb import to_jsonb
from training_status.log_levels import LEVEL_NUMBERS
from training_status.phases import FIRST_PHASE, PHASES, displayed_phase, overall_percent, phase_position
from training_status.read.run_columns import ESTIMATE, LOST_LIMIT_S, RESUMED_AT_SEQ, STALL_LIMIT_S
from training_status.selected_columns import JSONB
from training_status.serializers.times import utc_text

# The limit of the metrics in a run's status, as JSON. Those of the final event are added to it.
METRICS_KEPT_MAX_BYTES = 64 * 1024
DIRECTIONS_KEPT_MAX_BYTES = 64 * 1024  # of what a run has declared about its metrics, as JSON


@dataclass(slots=True)
class Entry:
    """A log entry to store. `level` is its number, `timestamp` is as the reporter sent it.

    `progress_percent` and `phase` are those of the run after the entry; both are None where that is not known.
    """

    seq: int
    timestamp: datetime
    level: int
    message: str
    step: str | None
    metrics: dict[str, Any] | None
    progress_percent: float | None
    phase: str | None


class PhaseMark(NamedTuple):
    """A phase began (`started_at` is set), ended (`ended_at` is set) or resumed after a provisional end (neither)."""

    phase: str
    started_at: datetime | None = None
    ended_at: datetime | None = None


class PhaseMiddle(NamedTuple):
    """The first report of a phase at or after its half: when, and the fraction that was done."""

    phase: str
    at: datetime
    fraction: float


@dataclass(slots=True)
class RunStateMachine:
    """The fields of a run that can change, named as in `TrainingRun`.

    `locked_run.store` stores the columns of the run's row; fields with a default are not read from it.
    `phase_started_at` is the start of the current phase. The limits of silence are the domain's own or, where it has
    none, those of the settings. `estimate` and `usage_estimate` are the last forecasts. `progressed_at` is when
    progress was last made under this lock. `entries` are the new log entries and `phase_marks` the changes of phases,
    both in order; `phase_middles` are the phases that reached their half. `usage_sums` are to be added to those of
    `ModelUsage`.
    """

    id: int
    domain_id: int
    state: str
    failure_reason: str | None
    end_reported: bool
    cancel_requested_at: datetime | None
    current_phase: str | None
    progress_percent: float
    message: str | None
    phase_message: str | None
    event_message: str | None
    metrics: Annotated[dict[str, Any], JSONB]
    higher_is_better: Annotated[dict[str, bool], JSONB]
    error_message: str | None
    started_at: datetime | None
    ended_at: datetime | None
    last_report_at: datetime
    last_event_at: datetime
    source: Any
    last_n: int
    last_seq: int
    resumed_at_seq: Annotated[int | None, RESUMED_AT_SEQ]
    candidate_count: int
    evaluation_count: int
    best: Annotated[dict[str, Any], JSONB]
    usage: Annotated[dict[str, Any], JSONB]
    usage_estimate: Annotated[dict[str, Any], JSONB]
    cost_limit: float | None
    currency: str | None
    tokens_limit: int | None
    cancel_reason: str | None
    phase_started_at: datetime | None
    stall_limit_s: Annotated[float, STALL_LIMIT_S]
    lost_limit_s: Annotated[float, LOST_LIMIT_S]
    estimate: Annotated[StoredEstimate | None, ESTIMATE]
    result: dict[str, Any] | None = None
    entries: list[Entry] = field(default_factory=list)
    phase_marks: list[PhaseMark] = field(default_factory=list)
    phase_middles: list[PhaseMiddle] = field(default_factory=list)
    candidates: list[NewCandidate] = field(default_factory=list)
    evaluations: list[NewEvaluation] = field(default_factory=list)
    usage_sums: list[dict[str, Any]] = field(default_factory=list)
    progressed_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether the run is stored as pending or running."""
        return self.state in run_states.ACTIVE_STATES

    @property
    def budget_use(self) -> BudgetUse | None:
        """How much of its budget the run has used; None without a limit."""
        return budget_use(
            self.usage, cost_limit=self.cost_limit, currency=self.currency, tokens_limit=self.tokens_limit
        )

    @property
    def place_in_phases(self) -> tuple[int, float]:
        """The position of the current phase among all, and the fraction of it that is done."""
        place = phase_position(self.current_phase)
        phase = PHASES[place]
        return place, min(1.0, max(0.0, (self.progress_percent - phase.start) / phase.share))

    def resolve_pending_cancel(self, now: datetime) -> None:
        """End the run as cancelled if it was asked to stop and its reporter has been silent for the stall limit."""
        ended_at = cancelled_at(self, now)
        if ended_at is not None:
            self._end_provisionally(run_states.CANCELLED, ended_at)

    def cancel_over_budget(self, now: datetime) -> bool:
        """Request a cancel if the run is active and has reached a limit, unless one was requested before.

        Return whether that was requested now.
        """
        if not self.is_active or self.cancel_requested_at is not None:
            return False
        use = self.budget_use
        if use is None or use.state != EXCEEDED:
            return False
        self.cancel_requested_at, self.cancel_reason = now, use.reason
        return True

    def expire(self, now: datetime, *, uptime_s: float) -> None:
        """End the run as lost if nothing was received for the lost limit while the service was reachable.

        `uptime_s` is how long the service has been reachable without a gap. A run that was asked to stop is not
        lost: `resolve_pending_cancel` ends it as cancelled.
        """
        if LOST.holds(self, now, uptime_s=uptime_s):
            self._end_provisionally(run_states.LOST, self.last_report_at)

    def record_contact(self, now: datetime, *, has_new_events: bool) -> None:
        """Record a report. A lost run resumes with any report, a provisionally cancelled one only with new events."""
        self.last_report_at = max(self.last_report_at, now)
        if self.is_active or self.end_reported:
            return
        if has_new_events or self.failure_reason == run_states.LOST:
            self.state = run_states.RUNNING if self.started_at else run_states.PENDING
            if self.resumed_at_seq is None:
                self.resumed_at_seq = self.last_seq
            self.failure_reason = self.ended_at = self.error_message = None
            if self.current_phase is not None:
                self.phase_marks.append(PhaseMark(self.current_phase))

    def mark_failed(self, now: datetime, reason_text: str) -> None:
        """End a started run as failed, finally, with an operator's text as its error."""
        assert self.started_at is not None
        self.error_message = reason_text
        self._end(run_states.FAILED, run_states.ERROR, max(now, self.phase_started_at or self.started_at))

    def log(
        self, timestamp: datetime, level: str, message: str, step: str | None, metrics: dict[str, Any] | None
    ) -> None:
        """Append a log entry at the present place of the run."""
        self.last_seq += 1
        self.entries.append(
            Entry(
                self.last_seq,
                timestamp,
                LEVEL_NUMBERS[level],
                message,
                step,
                metrics or None,
                self.progress_percent,
                self._phase,
            )
        )

    def skip(self, event: Event) -> None:
        """Count an event that changes nothing."""
        self.last_n = event.n

    def apply(self, event: Event, *, happened_at: datetime, received_at: datetime) -> None:
        """Apply the next event.

        `happened_at` is the event's time on the service's clock. `received_at` replaces a missing `timestamp` in
        the log. The times of a run never go back: an event before the start of the run or of its current phase
        counts as having happened at that start.
        """
        happened_at = max(happened_at, self.phase_started_at or self.started_at or happened_at)
        if self.started_at is None:
            self.started_at = happened_at
            self.state = run_states.RUNNING
            if not isinstance(event, PhaseEvent):
                self._enter(FIRST_PHASE.name, None, happened_at)
        self.last_n = event.n
        if declared := getattr(event, "higher_is_better", None):
            self._declare_directions(declared)
        timestamp = event.timestamp or received_at
        match event:
            case PhaseEvent():
                if phase_position(event.phase) > phase_position(self.current_phase):
                    self._enter(event.phase, event.message, happened_at)
                self.log(timestamp, "INFO", event.message or f"Phase {event.phase}", self.current_phase, None)
            case ProgressEvent():
                assert self.current_phase is not None  # entered with the first event
                self._move(self.current_phase, event.fraction, happened_at)
                self.message = event.message or self.message
                self.event_message = event.message
                self._merge_metrics(event.metrics, METRICS_KEPT_MAX_BYTES)
                if event.message or event.metrics:
                    self.log(timestamp, "INFO", event.message or "", self.current_phase, event.metrics)
            case LogEvent():
                self.log(timestamp, event.level, event.message, event.step, event.metrics)
            case CompleteEvent():
                self._merge_metrics(event.metrics, METRICS_KEPT_MAX_BYTES + METRICS_MAX_BYTES)
                self.result = event.result
                self.progress_percent = 100.0
                self.event_message = event.message
                self._end(run_states.COMPLETED, None, happened_at)
                if event.message:
                    self.log(timestamp, "INFO", event.message, self.current_phase, event.metrics)
            case FailEvent():
                self._merge_metrics(event.metrics, METRICS_KEPT_MAX_BYTES + METRICS_MAX_BYTES)
                self.error_message = event.error
                self.log(timestamp, "ERROR", event.error, self.current_phase, event.metrics)
                reason = event.reason if self.cancel_requested_at is None else run_states.CANCELLED
                if event.reason == run_states.LOST:
                    self._end_provisionally(reason, happened_at)
                else:
                    self._end(run_states.FAILED, reason, happened_at)
            case CandidateEvent():
                self.candidate_count += 1
                self.candidates.append(NewCandidate(self.candidate_count, event, happened_at, self._phase))
            case EvaluationEvent():
                self.evaluation_count += 1
                self.evaluations.append(NewEvaluation(self.evaluation_count, event, happened_at, self._phase))
                self.best = best_with(self.best, event, happened_at)
            case UsageEvent():
                for used in event.models:
                    sums = sums_of(used, self._phase)
                    self.usage_sums.append(sums)
                    self.usage = with_sums(self.usage, sums)

    @property
    def _phase(self) -> str:
        return displayed_phase(self.current_phase, is_completed=self.state == run_states.COMPLETED)

    def _merge_metrics(self, metrics: dict[str, Any] | None, room_bytes: int) -> None:
        """Keep the latest value of each metric. When the limit is reached, metrics with new names are only logged."""
        if not metrics:
            return
        merged = self.metrics | metrics
        if len(merged) == len(self.metrics):
            room_bytes = METRICS_KEPT_MAX_BYTES + METRICS_MAX_BYTES
        if len(to_jsonb(merged)) <= room_bytes:
            self.metrics = merged

    def _declare_directions(self, higher_is_better: dict[str, bool]) -> None:
        """Keep the latest declaration for each metric. When the limit is reached, new names are ignored."""
        merged = self.higher_is_better | higher_is_better
        if len(merged) == len(self.higher_is_better) or len(to_jsonb(merged)) <= DIRECTIONS_KEPT_MAX_BYTES:
            self.higher_is_better = merged

    def _end(self, state: str, reason: str | None, ended_at: datetime) -> None:
        self.state, self.failure_reason, self.end_reported = state, reason, True
        self.ended_at = ended_at
        if self.current_phase is not None:
            self.phase_marks.append(PhaseMark(self.current_phase, ended_at=ended_at))

    def _end_provisionally(self, reason: str, ended_at: datetime) -> None:
        """End the run provisionally: a report may resume it, and the reporter's own end may follow."""
        self.state, self.failure_reason = run_states.FAILED, reason
        self.ended_at = max(ended_at, self.phase_started_at or self.started_at or ended_at)
        if self.current_phase is not None:
            self.phase_marks.append(PhaseMark(self.current_phase, ended_at=self.ended_at))

    def _enter(self, phase: str, message: str | None, began_at: datetime) -> None:
        if self.current_phase is not None:
            self.phase_marks.append(PhaseMark(self.current_phase, ended_at=began_at))
        self.phase_marks.append(PhaseMark(phase, started_at=began_at))
        self.current_phase, self.phase_started_at = phase, began_at
        self.phase_message = self.event_message = message
        self._move(phase, 0.0, began_at)

    def _move(self, phase: str, fraction: float, at: datetime) -> None:
        """Set the progress from the fraction of a phase that is done. It never goes down."""
        before, percent = self.progress_percent, overall_percent(phase, fraction)
        if percent <= before:
            return
        self.progress_percent, self.progressed_at = percent, at
        if before < overall_percent(phase, 0.5) <= percent:
            self.phase_middles.append(PhaseMiddle(phase, at, max(0.5, fraction)))


def best_with(best: Mapping[str, Any], event: EvaluationEvent, reported_at: datetime) -> dict[str, Any]:
    """Return the best evaluations of a run after one more."""
    at = utc_text(reported_at)
    scored = Scored(event.candidate, event.score, event.split, event.example_count, at)
    return with_evaluation(best, event.metric, scored)
