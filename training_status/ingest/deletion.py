"""Deleting runs and domains, under the locks that all writers take.

No foreign key cascades to the log: a cascade beside a running ingest would leave orphaned entries, which the run's
lock prevents. There is one DELETE for each table, however many runs and entries there are. Measured: a million
entries take half a second, and deleting them in parts within the transaction is not faster.
"""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Annotated
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from training_status import run_states
from training_status.access.tokens import revoke_tokens
from training_status.audit.record import record
from training_status.change_notifications.notify import notify_on_commit
from training_status.displayed_state import ACTIVE, CANCELLED_BY_SILENCE, NO_REPORT
from training_status.errors import Conflict
from training_status.ingest.baseline import unpin
from training_status.ingest.lock_wait import waiting_for_lock
from training_status.ingest.locked_domain import lock_domain, lock_domain_of_run
from training_status.ingest.locked_run import lock_run
from training_status.ingest.run_audit import record_run_action
from training_status.ingest.run_state_machine import RunStateMachine
from training_status.ingest.service_uptime import may_have_been_down
from training_status.models import AccessToken
from training_status.read.run_columns import STALL_LIMIT_S, limits_of_settings
from training_status.selected_columns import Selected

_STILL_ACTIVE = "The run is active: cancel it first, or wait until it ends."
_MAY_GO_ON = (
    "The run was cancelled, but its reporter may still be running: wait until nothing has been received for "
    "{limit_s:g} s while the service was reachable."
)


@dataclass(slots=True)
class _LockedRun:
    id: int
    state: str
    failure_reason: str | None
    end_reported: bool
    cancel_requested_at: datetime | None
    last_report_at: datetime
    stall_limit_s: Annotated[float, STALL_LIMIT_S]


_LOCKED_RUN = Selected(_LockedRun, "run")
_LOCK_RUNS_OF_DOMAIN = f"""
    SELECT {_LOCKED_RUN.columns}
      FROM training_status_trainingrun AS run JOIN training_status_domain AS domain ON domain.id = run.domain_id
     WHERE run.domain_id = %(domain_id)s ORDER BY run.id FOR NO KEY UPDATE OF run
"""
_DELETE_RUNS = (
    "DELETE FROM training_status_traininglogentry WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_phasetiming WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_runforecast WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_candidate WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_evaluation WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_modelusage WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_forecastmark WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_usageforecastmark WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_trainingrun WHERE id = ANY(%s)",
)


@transaction.atomic
def delete_run(public_id: UUID, *, only_domain_id: int | None = None) -> None:
    """Delete a run and its log, and record it. If the run was the domain's baseline, the pin is removed.

    Locks the domain, then the run: a running ingest is waited for, and a later one gets NotFound. Raises NotFound,
    and Conflict (`run_active`) while the run is active, or was cancelled and its reporter may still be running.
    """
    now = timezone.now()
    domain = lock_domain_of_run(public_id, only_domain_id=only_domain_id)
    machine = lock_run(public_id, only_domain_id=only_domain_id)
    machine.resolve_pending_cancel(now)
    if machine.is_active:
        raise Conflict(_STILL_ACTIVE, code="run_active")
    if run_states.is_cancelled_unheard(machine.failure_reason, end_reported=machine.end_reported):
        _refuse_if_there(machine, now)
    record_run_action("deleted", machine.id)
    unpin(domain, machine.id)
    _delete_runs(machine.domain_id, [machine.id])


@transaction.atomic
def delete_domain(name: str, *, only_domain_id: int | None = None) -> None:
    """Delete a domain with its runs, their logs and the tokens bound to it, and record it.

    Locks the domain, so that no run can start, then its runs. Raises NotFound, and Conflict (`run_active`)
    while a run is active, or was cancelled and its reporter may still be running.
    """
    domain = lock_domain(name, only_domain_id=only_domain_id)
    now = timezone.now()
    with waiting_for_lock() as cursor:
        cursor.execute(_LOCK_RUNS_OF_DOMAIN, limits_of_settings() | {"domain_id": domain.id})
        runs = [_LOCKED_RUN.instance(row) for row in cursor.fetchall()]
    cancelled_without_reporter = []
    for run in runs:
        is_cancelled = CANCELLED_BY_SILENCE.holds(run, now)
        if ACTIVE.holds(run, now) and not is_cancelled:
            raise Conflict("A run of the domain is active: cancel it first, or wait until it ends.", code="run_active")
        if is_cancelled or run_states.is_cancelled_unheard(run.failure_reason, end_reported=run.end_reported):
            cancelled_without_reporter.append(run)
    if cancelled_without_reporter:
        _refuse_if_there(max(cancelled_without_reporter, key=attrgetter("last_report_at")), now)
    _delete_runs(domain.id, [run.id for run in runs])
    revoke_tokens(list(AccessToken.objects.filter(domain=domain).values_list("id", flat=True)))
    record(
        "deleted",
        "domain",
        domain.name,
        description=domain.description,
        llm_model=domain.llm_model,
        runs=len(runs),
    )
    domain.delete()


def _refuse_if_there(run: RunStateMachine | _LockedRun, now: datetime) -> None:
    """Raise Conflict unless the reporter of a provisionally cancelled run has been silent for the stall limit.

    The service must have been reachable for all of that time. A cancellation can be undone, a deletion cannot.
    """
    if not NO_REPORT.holds(run, now) or may_have_been_down(now, run.stall_limit_s):
        raise Conflict(_MAY_GO_ON.format(limit_s=run.stall_limit_s), code="run_active")


def _delete_runs(domain_id: int, run_ids: list[int]) -> None:
    """Delete runs that the caller has locked, with their logs, phase timings and forecasts."""
    with connection.cursor() as cursor:
        for statement in _DELETE_RUNS:
            cursor.execute(statement, (run_ids,))
    for run_id in run_ids:
        notify_on_commit(domain_id, run_id)
