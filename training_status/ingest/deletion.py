"""Deleting runs and domains, under the same locks as everything else that writes.

Nothing in the database cascades to the log, and a cascade beside an open ingest would leave orphans:
the run's lock is what keeps them apart. One statement for each table, however many runs and entries:
measured, a million entries take half a second, and parts in one transaction took no less.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from training_status import run_states
from training_status.access.tokens import revoke_tokens
from training_status.audit.record import record
from training_status.errors import Conflict
from training_status.ingest.baseline import unpin
from training_status.ingest.lock_wait import waiting_for_lock
from training_status.ingest.locked_domain import lock_domain, lock_domain_of_run
from training_status.ingest.locked_run import lock_run
from training_status.ingest.run_audit import record_of_run
from training_status.models import AccessToken
from training_status.wakeups.publish import announce

_STILL_ACTIVE = "The run is active: cancel it first, or wait for its end."

_LOCK_RUNS_OF_DOMAIN = """
    SELECT id, state, cancel_requested_at, last_report_at FROM training_status_trainingrun
     WHERE domain_id = %s ORDER BY id FOR NO KEY UPDATE
"""
_DELETE_RUNS = (
    "DELETE FROM training_status_traininglogentry WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_phasetiming WHERE run_id = ANY(%s)",
    "DELETE FROM training_status_trainingrun WHERE id = ANY(%s)",
)


@transaction.atomic
def delete_run(public_id: UUID, *, only_domain_id: int | None = None) -> None:
    """Remove a run and its log, and record it. If it was the baseline of its domain, none is pinned any more.

    Locks the domain, then the run, so an open ingest is waited for and a later one finds nothing. Raises NotFound,
    and Conflict (`run_active`) while the run is active.
    """
    domain = lock_domain_of_run(public_id, only_domain_id=only_domain_id)
    course = lock_run(public_id, only_domain_id=only_domain_id)
    course.settle(timezone.now())
    if course.is_active:
        raise Conflict(_STILL_ACTIVE, code="run_active")
    record_of_run("deleted", course.id)
    unpin(domain, course.id)
    _delete_runs(course.domain_id, [course.id])


@transaction.atomic
def delete_domain(name: str, *, only_domain_id: int | None = None) -> None:
    """Remove a domain with its runs, their logs and the tokens bound to it, and record it.

    Locks the domain, so that no run starts meanwhile, then its runs. Raises NotFound, and Conflict
    (`run_active`) while a run is active.
    """
    domain = lock_domain(name, only_domain_id=only_domain_id)
    now = timezone.now()
    own_limit_s = domain.stall_limit_s
    stall_limit = settings.STALL_LIMIT if own_limit_s is None else timedelta(seconds=own_limit_s)
    with waiting_for_lock() as cursor:
        cursor.execute(_LOCK_RUNS_OF_DOMAIN, (domain.id,))
        runs = cursor.fetchall()
    for _, state, cancel_requested_at, last_report_at in runs:
        given_up_at = run_states.given_up_at(
            state=state,
            cancel_requested_at=cancel_requested_at,
            last_report_at=last_report_at,
            now=now,
            stall_limit=stall_limit,
        )
        if state in run_states.ACTIVE_STATES and given_up_at is None:
            raise Conflict("A run of the domain is active: cancel it first, or wait for its end.", code="run_active")
    _delete_runs(domain.id, [run_id for run_id, *_ in runs])
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


def _delete_runs(domain_id: int, run_ids: list[int]) -> None:
    """Remove runs of a domain that the caller has locked, with all that belongs to them."""
    with connection.cursor() as cursor:
        for statement in _DELETE_RUNS:
            cursor.execute(statement, (run_ids,))
    for run_id in run_ids:
        announce(domain_id, run_id)
