"""Events, heartbeats and log lines on their way in: exactly once, in order, all of a batch or nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from training_status import run_states
from training_status.errors import Conflict
from training_status.ingest.batch import Batch, Event, FailEvent, check_level, check_metrics
from training_status.ingest.locked_run import lock_run, lock_run_by_id, store
from training_status.ingest.run_state_machine import Entry, RunStateMachine
from training_status.log_levels import LEVEL_NUMBERS
from training_status.models import TrainingRun


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a reporter is told: how much was new, the highest number stored, and whether to stop.

    `status` is what people see: pending, training, completed or failed.
    """

    accepted: int
    duplicates: int
    last_n: int
    status: str
    cancel_requested: bool


@transaction.atomic
def record_events(public_id: UUID, batch: Batch, *, only_domain_id: int | None = None) -> Receipt:
    """Store the events of `batch` that are new, and what they make of the run, in one transaction.

    A number already stored is a duplicate and ignored. Locks the run. Raises NotFound for an unknown
    run (or one outside `only_domain_id`) and Conflict, storing nothing, for a gap in the numbers
    (`gap`), a second reporter (`other_reporter`) and new events after the run's end (`run_finished`).
    """
    now = timezone.now()
    course = lock_run(public_id, only_domain_id=only_domain_id)
    course.resolve_pending_cancel(now)
    new_events = _new_events(course, batch)
    if new_events and course.end_reported:
        raise Conflict(
            f"The run has {run_states.SHOWN_STATUS[course.state]}: it takes no new events.",
            code="run_finished",
            last_n=course.last_n,
        )
    if new_events or not _says_lost(batch):  # sent again, such an end must not bring the run back
        course.record_contact(now, has_new_events=bool(new_events))
    if new_events:
        course.source = batch.source
        course.last_event_at = max(course.last_event_at, now)
        correction = now - batch.sent_at if batch.sent_at is not None else timedelta()
        for event in new_events:
            course.apply(event, happened_at=_corrected(event.timestamp, correction, now), received_at=now)
    store(course)
    return _receipt(course, accepted=len(new_events), duplicates=len(batch.events) - len(new_events))


@transaction.atomic
def record_heartbeat(public_id: UUID, *, only_domain_id: int | None = None) -> Receipt:
    """Note that the reporter is alive. Good in every state; a lost run goes on.

    Locks the run. Raises NotFound for an unknown run (or one outside `only_domain_id`).
    """
    now = timezone.now()
    course = lock_run(public_id, only_domain_id=only_domain_id)
    course.resolve_pending_cancel(now)
    course.record_contact(now, has_new_events=False)
    store(course)
    return _receipt(course, accepted=0, duplicates=0)


@transaction.atomic
def append_training_log_message(
    run: TrainingRun,
    timestamp: datetime,
    level: str,
    message: str,
    step: str | None = None,
    metrics: dict[str, Any] | None = None,
) -> int:
    """Append one line to the run's log, for code inside the service, and return its number (`seq`).

    It counts neither as an event nor as a report. Locks the run. Raises InvalidInput for an unknown
    level or metrics outside the contract's bounds, NotFound for a run deleted meanwhile.
    """
    check_level(level, field="level")
    check_metrics(metrics, field="metrics")
    course = lock_run_by_id(run.id)
    course.last_seq += 1
    course.entries.append(Entry(course.last_seq, timestamp, LEVEL_NUMBERS[level], message, step, metrics or None))
    store(course)
    return course.last_seq


def _new_events(course: RunStateMachine, batch: Batch) -> list[Event]:
    """The events with numbers not stored yet. Raises Conflict for a second reporter and for a gap.

    No source is a source of its own: who sends none is not the reporter that sent one, nor the other way round.
    """
    if not batch.events:
        return []
    if batch.source != course.source and batch.events[0].n <= course.last_n:
        raise Conflict(
            f"Another reporter has sent the events up to number {course.last_n} of this run.",
            code="other_reporter",
            expected_n=course.last_n + 1,
        )
    highest, new_events = course.last_n, []
    for event in batch.events:
        if event.n > highest + 1:
            raise Conflict(
                f"Event number {event.n} came where {highest + 1} was due; nothing of this batch was stored.",
                code="gap",
                expected_n=course.last_n + 1,
            )
        if event.n == highest + 1:
            highest = event.n
            new_events.append(event)
    return new_events


def _says_lost(batch: Batch) -> bool:
    """Whether the batch ends with somebody's word that the run's process is gone."""
    last = batch.events[-1] if batch.events else None
    return isinstance(last, FailEvent) and last.reason == run_states.LOST


def _corrected(timestamp: datetime | None, correction: timedelta, now: datetime) -> datetime:
    """The reporter's time on the service's clock, never later than now."""
    if timestamp is None:
        return now
    try:
        return min(timestamp.astimezone(UTC) + correction, now)  # in UTC, so that the years stay 1 to 9999
    except OverflowError:  # a clock so far off that the sum leaves the calendar says nothing
        return now


def _receipt(course: RunStateMachine, *, accepted: int, duplicates: int) -> Receipt:
    return Receipt(
        accepted=accepted,
        duplicates=duplicates,
        last_n=course.last_n,
        status=run_states.SHOWN_STATUS[course.state],
        cancel_requested=course.cancel_requested_at is not None,
    )
