"""Creating and changing domains."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from msgspec import UNSET

from training_status.audit.record import changes, record
from training_status.budget import BUDGET_LIMITS
from training_status.errors import Conflict
from training_status.ingest.baseline import check_baseline
from training_status.ingest.budget_limits import changed_limits
from training_status.ingest.lock_wait import waiting_for_lock
from training_status.ingest.locked_domain import lock_domain
from training_status.ingest.request_schemas import DomainChange, NewDomain
from training_status.ingest.run_notifications import notify_active_runs
from training_status.jsonb import to_jsonb
from training_status.models import Domain
from training_status.models.domain import DEFAULT_LLM_MODEL

_INSERT_UNLESS_TAKEN = """
    INSERT INTO training_status_domain (name, description, llm_model, higher_is_better, last_run_number, created_at)
    VALUES (%s, %s, %s, %s::jsonb, 0, %s) ON CONFLICT (name) DO NOTHING
"""


@transaction.atomic
def create_domain(new: NewDomain, *, limits: Mapping[str, float | None] | None = None) -> None:
    """Create a domain, with those of `limits` that are not None, and record it.

    Waits for another transaction that is creating the same name. Raises Conflict (`domain_exists`) when the name is
    taken; the existing domain is not changed.
    """
    llm_model = new.llm_model or DEFAULT_LLM_MODEL
    directions = new.higher_is_better or {}
    budget = {name: getattr(new, name) for name in BUDGET_LIMITS}
    own_limits = {name: limit for name, limit in {**(limits or {}), **budget}.items() if limit is not None}
    with waiting_for_lock() as cursor:
        values = (new.name, new.description, llm_model, to_jsonb(directions), timezone.now())
        cursor.execute(_INSERT_UNLESS_TAKEN, values)
        if cursor.rowcount == 0:
            raise Conflict(f"A domain '{new.name}' already exists.", code="domain_exists")
    if own_limits:
        Domain.objects.filter(name=new.name).update(**own_limits)
    details = own_limits | ({"higher_is_better": directions} if directions else {})
    record("created", "domain", new.name, description=new.description, llm_model=llm_model, **details)


@transaction.atomic
def change_domain(
    name: str,
    change: DomainChange,
    *,
    only_domain_id: int | None = None,
    check_stored: Callable[[dict[str, Any]], None] = lambda stored: None,
) -> None:
    """Set the fields of a domain that `change` contains, and record what has changed.

    Locks the domain. Raises NotFound, and InvalidInput for a baseline that is not a completed run of the domain and
    for a cost limit without a currency.
    `check_stored` is called under the lock with the stored values of these fields. If it raises, nothing is changed.
    """
    domain = lock_domain(name, only_domain_id=only_domain_id)
    values = {key: value for key in change.__struct_fields__ if (value := getattr(change, key)) is not UNSET}
    check_stored({key: getattr(domain, key) for key in values})
    check_baseline(domain, values.get("baseline_run_number"))
    values |= changed_limits(change, domain)
    if values:
        Domain.objects.filter(id=domain.id).update(**values)
    if changed := changes(vars(domain), values):
        record("changed", "domain", name, **changed)
        if changed.keys() & {"baseline_run_number", "higher_is_better"}:
            notify_active_runs(domain.id)
