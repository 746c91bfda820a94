"""Audit entries about runs."""

from typing import Any

from training_status.audit.record import record
from training_status.models import TrainingRun


def record_run_action(action: str, run_id: int, **details: Any) -> None:
    """Record `action` on the run with this internal key, in the current transaction.

    The details also contain the run's id and the number of its log entries.
    """
    run = (
        TrainingRun.objects.select_related("domain")
        .only("domain__name", "run_number", "public_id", "first_seq", "last_seq")
        .get(id=run_id)
    )
    entries = run.last_seq - run.first_seq + 1
    record(action, "run", str(run), training_run_id=str(run.public_id), log_entries=entries, **details)
