"""Storing events, heartbeats and log entries: exactly once, in order, and each batch as a whole or not at all."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from training_status import run_states
from training_status.errors import Conflict
from training_status.ingest.batch import Batch, Event, FailEvent
from training_status.ingest.budget_limits import enforce_budget
from training_status.ingest.locked_run import lock_run, lock_run_by_id, store
from training_status.ingest.log_message import check_log_message, read_time
from training_status.ingest.optimizer_store import known_again
from training_status.ingest.run_state_machine import RunStateMachine
from training_status.models import TrainingRun


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a reporter: how many events were new, the highest number stored, and whether to stop.

    `status` is the displayed one: pending, training, completed or failed. `budget` is one of `BUDGET_STATES`, or None
    without a budget.
    """

    accepted: int
    duplicates: int
    last_n: int
    status: str
    cancel_requested: bool
    budget: str | None


@transaction.atomic
def record_events(public_id: UUID, batch: Batch, *, only_domain_id: int | None = None) -> Receipt:
    """Store the new events of `batch` and the changes that they make to the run, in one transaction.

    An event whose number is already stored is a duplicate and is ignored. When a limit of the run is reached, a cancel
    is requested. Locks the run. Raises NotFound for an unknown
    run (or one outside `only_domain_id`) and Conflict, storing nothing, for a gap in the numbers
    (`gap`), a second reporter (`other_reporter`), new events after the run's end (`run_finished`) and another candidate
    of the same name (`candidate_exists`). Raises InvalidInput for a candidate whose parent is not known.
    """
    now = timezone.now()
    machine = lock_run(public_id, only_domain_id=only_domain_id)
    machine.resolve_pending_cancel(now)
    new_events = _new_events(machine, batch)
    if new_events and machine.end_reported:
        raise Conflict(
            f"The run has {run_states.SHOWN_STATUS[machine.state]}: it accepts no new events.",
            code="run_finished",
            last_n=machine.last_n,
        )
    if new_events or not _ends_as_lost(batch):  # sending a `lost` end again must not resume the run
        machine.record_contact(now, has_new_events=bool(new_events))
    if new_events:
        machine.source = batch.source
        machine.last_event_at = max(machine.last_event_at, now)
        correction = now - batch.sent_at if batch.sent_at is not None else timedelta()
        again = known_again(machine.id, new_events)
        for event in new_events:
            if event.n in again:
                machine.skip(event)
            else:
                machine.apply(event, happened_at=_corrected(event.timestamp, correction, now), received_at=now)
        enforce_budget(machine, now)
    store(machine)
    return _receipt(machine, accepted=len(new_events), duplicates=len(batch.events) - len(new_events))


@transaction.atomic
def record_heartbeat(public_id: UUID, *, only_domain_id: int | None = None) -> Receipt:
    """Record that the reporter is alive. Allowed in every state; a lost run resumes.

    Locks the run. Raises NotFound for an unknown run (or one outside `only_domain_id`).
    """
    now = timezone.now()
    machine = lock_run(public_id, only_domain_id=only_domain_id)
    machine.resolve_pending_cancel(now)
    machine.record_contact(now, has_new_events=False)
    store(machine)
    return _receipt(machine, accepted=0, duplicates=0)


@transaction.atomic
def append_training_log_message(
    run: TrainingRun,
    timestamp: datetime | str,
    level: str,
    message: str,
    step: str | None = None,
    metrics: dict[str, Any] | None = None,
) -> int:
    """Append an entry to the run's log, for code inside the service, and return its number (`seq`).

    `timestamp` as text is ISO 8601; without an offset it is UTC. It counts neither as an event nor as a report. Locks
    the run. Raises InvalidInput for what a `log` event may not have either, and NotFound for a run that was deleted
    meanwhile.
    """
    happened_at = read_time(timestamp)
    check_log_message(level, message, step, metrics)
    machine = lock_run_by_id(run.id)
    machine.log(happened_at, level, message, step, metrics)
    store(machine)
    return machine.last_seq


def _new_events(machine: RunStateMachine, batch: Batch) -> list[Event]:
    """Return the events whose numbers are not stored yet. Raises Conflict for a second reporter and for a gap.

    A missing source is a source of its own: a reporter without one differs from every reporter with one.
    """
    if not batch.events:
        return []
    if batch.source != machine.source and batch.events[0].n <= machine.last_n:
        raise Conflict(
            f"Another reporter has sent the events up to number {machine.last_n} of this run.",
            code="other_reporter",
            expected_n=machine.last_n + 1,
        )
    highest, new_events = machine.last_n, []
    for event in batch.events:
        if event.n > highest + 1:
            raise Conflict(
                f"Expected event number {highest + 1}, got {event.n}; nothing of this batch was stored.",
                code="gap",
                expected_n=machine.last_n + 1,
            )
        if event.n == highest + 1:
            highest = event.n
            new_events.append(event)
    return new_events


def _ends_as_lost(batch: Batch) -> bool:
    """Whether the batch ends with a report that the process of the run is gone."""
    last = batch.events[-1] if batch.events else None
    return isinstance(last, FailEvent) and last.reason == run_states.LOST


def _corrected(timestamp: datetime | None, correction: timedelta, now: datetime) -> datetime:
    """Convert the reporter's time to the service's clock, never later than now."""
    if timestamp is None:
        return now
    try:
        return min(timestamp.astimezone(UTC) + correction, now)  # in UTC, so that the years stay 1 to 9999
    except OverflowError:  # the reporter's clock is too far off to be used
        return now


def _receipt(machine: RunStateMachine, *, accepted: int, duplicates: int) -> Receipt:
    use = machine.budget_use
    return Receipt(
        accepted=accepted,
        duplicates=duplicates,
        last_n=machine.last_n,
        status=run_states.SHOWN_STATUS[machine.state],
        cancel_requested=machine.cancel_requested_at is not None,
        budget=None if use is None else use.state,
    )
