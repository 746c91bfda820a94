"""Starting, changing, cancelling and failing runs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone
from msgspec import UNSET

from training_status import run_states
from training_status.audit.record import changes
from training_status.change_notifications.notify import notify_on_commit
from training_status.errors import Conflict
from training_status.ingest.batch import MESSAGE_MAX_BYTES
from training_status.ingest.budget_limits import (
    changed_limits,
    check_currency_of_costs,
    enforce_budget,
    limits_at_start,
)
from training_status.ingest.json_input import refuse_larger, refuse_unstorable
from training_status.ingest.locked_domain import lock_domain
from training_status.ingest.locked_run import lock_run, store
from training_status.ingest.request_schemas import NewRun, RunChange
from training_status.ingest.run_audit import record_run_action
from training_status.ingest.run_state_machine import RunStateMachine
from training_status.models import TrainingRun


class Outcome(Enum):
    """The outcome of a request to end a run."""

    ASKED_TO_STOP = auto()  # the reporter learns it with its next report
    CANCELLED = auto()  # at once, because nobody reports
    FAILED = auto()  # finally


@dataclass(frozen=True, slots=True)
class StartedRun:
    """The run of a start request. `created` is False when the same request was received before."""

    public_id: UUID
    created: bool


def start_run(domain_name: str, start: NewRun, *, only_domain_id: int | None = None) -> StartedRun:
    """Create the domain's next run, or find the run that the same request created before.

    Locks the domain, then the run where it exists. Raises NotFound for an unknown domain (or one
    outside `only_domain_id`) and Conflict (`run_id_taken`) when the id is a run of another domain.
    """
    public_id = start.id or uuid4()
    try:
        with transaction.atomic():
            return _start_run(domain_name, public_id, start, only_domain_id)
    except IntegrityError as error:
        # Each domain has its own lock, so the same id can be started in two domains at once.
        if TrainingRun.objects.filter(public_id=public_id).exists():
            raise _id_taken(public_id) from error
        raise


@transaction.atomic
def change_run(
    public_id: UUID,
    change: RunChange,
    *,
    only_domain_id: int | None = None,
    check_stored: Callable[[dict[str, Any]], None] = lambda stored: None,
) -> None:
    """Set a run's tags, note and budget, as far as `change` contains them, and record what has changed.

    A limit that is reached already requests a cancel. A cancel that was requested stays, whatever the limits become.
    `check_stored` is called under the lock with the stored values. If it raises, nothing is changed. Locks the run.
    Raises NotFound, InvalidInput for a cost limit without a currency or in another one than the costs of the run, and
    Conflict (`run_finished`) for the budget of a run that has ended.
    """
    machine = lock_run(public_id, only_domain_id=only_domain_id)
    values = {name: value for name in ("tags", "note") if (value := getattr(change, name)) is not UNSET}
    limits = changed_limits(change, machine)
    if not values and not limits:
        return
    before = TrainingRun.objects.values(*values, *limits).get(id=machine.id)
    check_stored(before)
    if values:
        TrainingRun.objects.filter(id=machine.id).update(**values)
    if changed := changes(before, values | limits):
        record_run_action("changed", machine.id, **changed)
    if limits:
        _set_limits(machine, limits)


@transaction.atomic
def request_cancel(public_id: UUID, *, only_domain_id: int | None = None) -> Outcome:
    """Ask the run's reporter to stop. If nobody reports, the run ends as cancelled at once. Return the outcome.

    The request is recorded; repeating it changes nothing. Locks the run. Raises NotFound, and Conflict
    (`run_finished`) for a run that has ended in another way.
    """
    now = timezone.now()
    machine = lock_run(public_id, only_domain_id=only_domain_id)
    machine.resolve_pending_cancel(now)
    if not machine.is_active:
        if run_states.is_cancelled_unheard(machine.failure_reason, end_reported=machine.end_reported):
            return Outcome.CANCELLED
        raise Conflict(
            f"The run has {run_states.SHOWN_STATUS[machine.state]}: there is nothing to cancel.", code="run_finished"
        )
    if machine.cancel_requested_at is None:
        machine.cancel_requested_at = now
        record_run_action("cancelled", machine.id)
    machine.resolve_pending_cancel(now)
    store(machine)
    return Outcome.ASKED_TO_STOP if machine.is_active else Outcome.CANCELLED


@transaction.atomic
def resolve_pending_cancel_of_run(public_id: UUID, *, only_domain_id: int | None = None) -> int:
    """Store a cancellation that is due because of silence, as every change of the run does. Return the internal key.

    Locks the run. Raises NotFound.
    """
    machine = lock_run(public_id, only_domain_id=only_domain_id)
    was_active = machine.is_active
    machine.resolve_pending_cancel(timezone.now())
    if was_active and not machine.is_active:
        store(machine)
    return machine.id


@transaction.atomic
def mark_failed(public_id: UUID, *, reason_text: str, only_domain_id: int | None = None) -> Outcome:
    """End a run as failed in place of its reporter, with `reason_text` as its error. The end is final.

    Later events get 409, as after the reporter's own end. A run that has not started is cancelled instead, as by
    `request_cancel`. Return the outcome, which is recorded. Locks the run. Raises NotFound, InvalidInput for a text
    that cannot be stored, and Conflict (`run_finished`) for a run that has ended.
    """
    refuse_unstorable(reason_text, field="reason")
    refuse_larger(reason_text, MESSAGE_MAX_BYTES, field="reason")
    now = timezone.now()
    machine = lock_run(public_id, only_domain_id=only_domain_id)
    machine.resolve_pending_cancel(now)
    if not machine.is_active:
        raise Conflict(
            f"The run has {run_states.SHOWN_STATUS[machine.state]} already: it cannot be marked as failed.",
            code="run_finished",
        )
    if machine.started_at is None:
        if machine.cancel_requested_at is None:
            machine.cancel_requested_at = now
            record_run_action("cancelled", machine.id, reason=reason_text)
        machine.resolve_pending_cancel(now)
    else:
        machine.mark_failed(now, reason_text)
        record_run_action("failed", machine.id, reason=reason_text)
    store(machine)
    if machine.end_reported:
        return Outcome.FAILED
    return Outcome.ASKED_TO_STOP if machine.is_active else Outcome.CANCELLED


def _set_limits(machine: RunStateMachine, limits: dict[str, Any]) -> None:
    now = timezone.now()
    machine.resolve_pending_cancel(now)
    if not machine.is_active:
        raise Conflict(
            f"The run has {run_states.SHOWN_STATUS[machine.state]}: its budget cannot be changed.", code="run_finished"
        )
    for name, limit in limits.items():
        setattr(machine, name, limit)
    check_currency_of_costs(machine.currency, machine.usage)
    enforce_budget(machine, now)
    machine.resolve_pending_cancel(now)
    store(machine)


def _start_run(domain_name: str, public_id: UUID, start: NewRun, only_domain_id: int | None) -> StartedRun:
    domain = lock_domain(domain_name, only_domain_id=only_domain_id)
    now = timezone.now()
    existing = TrainingRun.objects.filter(public_id=public_id).values_list("domain_id", flat=True).first()
    if existing is not None:
        if existing != domain.id:
            raise _id_taken(public_id)
        machine = lock_run(public_id, only_domain_id=domain.id)
        machine.resolve_pending_cancel(now)
        machine.record_contact(now, has_new_events=False)
        store(machine)
        return StartedRun(public_id, created=False)
    domain.last_run_number += 1
    domain.save(update_fields=["last_run_number"])
    run = TrainingRun.objects.create(
        public_id=public_id,
        domain=domain,
        run_number=domain.last_run_number,
        llm_model=start.llm_model or domain.llm_model,
        optimizer=start.optimizer,
        sample_count=start.sample_count,
        config=start.config or {},
        tags=start.tags or [],
        note=start.note or "",
        higher_is_better=start.higher_is_better or {},
        **limits_at_start(start, domain),
        created_at=now,
        last_report_at=now,
        last_event_at=now,
    )
    notify_on_commit(domain.id, run.id)
    return StartedRun(public_id, created=True)


def _id_taken(public_id: UUID) -> Conflict:
    return Conflict(f"The id {public_id} belongs to a run of another domain.", code="run_id_taken")
