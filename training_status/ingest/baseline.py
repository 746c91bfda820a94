"""The run that is pinned as a domain's baseline: completed, there, and changed under the domain's lock."""

from training_status.audit.record import record
from training_status.change_notifications.notify import notify_on_commit
from training_status.errors import InvalidInput
from training_status.models import Domain, TrainingRun
from training_status.run_states import ACTIVE_STATES, COMPLETED


def check_baseline(domain: Domain, run_number: int | None) -> None:
    """Raise InvalidInput unless this is a completed run of the domain, or none.

    With the domain locked it stays so: a completed run stays completed, and its deletion waits for the lock.
    """
    if run_number is None:
        return
    if not TrainingRun.objects.filter(domain=domain, run_number=run_number, state=COMPLETED).exists():
        raise InvalidInput(
            f"Run {run_number} cannot be the baseline: it is no completed run of domain '{domain.name}'.",
            field="baseline_run_number",
        )


def unpin(domain: Domain, run_id: int) -> None:
    """Where this run is the baseline of the domain, which the caller has locked, have none; and record that."""
    number = domain.baseline_run_number
    if number is None or not TrainingRun.objects.filter(id=run_id, run_number=number).exists():
        return
    domain.baseline_run_number = None
    domain.save(update_fields=["baseline_run_number"])
    record("changed", "domain", domain.name, baseline_run_number={"from": number, "to": None})
    announce_baseline(domain.id)


def announce_baseline(domain_id: int) -> None:
    """Wake whoever follows an active run of the domain: what it is compared with has changed."""
    active = TrainingRun.objects.filter(domain_id=domain_id, state__in=ACTIVE_STATES)
    for run_id in active.values_list("id", flat=True):
        notify_on_commit(domain_id, run_id)
