"""Notifying the followers of a domain's runs of a change to the domain that their status shows."""

from training_status.change_notifications.notify import notify_on_commit
from training_status.models import TrainingRun
from training_status.run_states import ACTIVE_STATES


def notify_active_runs(domain_id: int) -> None:
    """Notify the followers of the domain's active runs, once the transaction is committed."""
    active = TrainingRun.objects.filter(domain_id=domain_id, state__in=ACTIVE_STATES)
    for run_id in active.values_list("id", flat=True):
        notify_on_commit(domain_id, run_id)
