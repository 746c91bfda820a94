"""Locking a domain. Its lock is taken before that of any run, so that writers cannot deadlock."""

from uuid import UUID

from training_status.errors import NotFound
from training_status.ingest.lock_wait import waiting_for_lock
from training_status.models import Domain


def lock_domain(name: str, *, only_domain_id: int | None) -> Domain:
    """Lock the domain until the transaction ends. Raises NotFound, also for a domain outside `only_domain_id`."""
    with waiting_for_lock():
        domain = Domain.objects.select_for_update(no_key=True).filter(name=name).first()
    if domain is None or (only_domain_id is not None and domain.id != only_domain_id):
        raise NotFound(f"There is no domain '{name}'.", code="domain_not_found")
    return domain


def lock_domain_of_run(public_id: UUID, *, only_domain_id: int | None) -> Domain:
    """Lock the domain of a run until the transaction ends. Raises NotFound, also outside `only_domain_id`."""
    runs_domain = Domain.objects.filter(training_runs__public_id=public_id)
    with waiting_for_lock():
        domain = runs_domain.select_for_update(no_key=True, of=("self",)).first()
    if domain is None or (only_domain_id is not None and domain.id != only_domain_id):
        raise NotFound(f"There is no training run {public_id}.", code="run_not_found")
    return domain
