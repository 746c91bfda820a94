"""The pinned baseline of a domain: checking it, and removing it with its run."""

from training_status.audit.record import record
from training_status.errors import InvalidInput
from training_status.ingest.run_notifications import notify_active_runs
from training_status.models import Domain, TrainingRun
from training_status.run_states import COMPLETED


def check_baseline(domain: Domain, run_number: int | None) -> None:
    """Raise InvalidInput unless `run_number` is a completed run of the domain, or None.

    The caller holds the domain's lock. A completed run stays completed, and its deletion waits for that lock.
    """
    if run_number is None:
        return
    if not TrainingRun.objects.filter(domain=domain, run_number=run_number, state=COMPLETED).exists():
        raise InvalidInput(
            f"Run {run_number} cannot be the baseline: it is not a completed run of domain '{domain.name}'.",
            field="baseline_run_number",
        )


def unpin(domain: Domain, run_id: int) -> None:
    """If this run is the domain's baseline, remove the pin and record that. The caller holds the domain's lock."""
    number = domain.baseline_run_number
    if number is None or not TrainingRun.objects.filter(id=run_id, run_number=number).exists():
        return
    domain.baseline_run_number = None
    domain.save(update_fields=["baseline_run_number"])
    record("changed", "domain", domain.name, baseline_run_number={"from": number, "to": None})
    notify_active_runs(domain.id)
