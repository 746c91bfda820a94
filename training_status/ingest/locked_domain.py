"""Taking a domain's lock: before any run's, so that no two writers wait for each other."""

from training_status.errors import NotFound
from training_status.ingest.lock_wait import waiting_for_lock
from training_status.models import Domain


def lock_domain(name: str, *, only_domain_id: int | None) -> Domain:
    """The domain, locked until the transaction ends. Raises NotFound, also for one outside `only_domain_id`."""
    with waiting_for_lock():
        domain = Domain.objects.select_for_update(no_key=True).filter(name=name).first()
    if domain is None or (only_domain_id is not None and domain.id != only_domain_id):
        raise NotFound(f"There is no domain '{name}'.", code="domain_not_found")
    return domain
