"""Attaching the run object of the API to the runs and domains that the admin lists."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Model
from django.utils import timezone

from training_status.models import Domain, TrainingRun
from training_status.read.run_facts import latest_runs, runs_by_id
from training_status.serializers.run import TrainingRunSerializer


class RunSnapshot(NamedTuple):
    """A run object of the API (None for a domain without a run), and the time it is computed for."""

    run: dict[str, Any] | None
    now: datetime


def attach_snapshots_to_runs(runs: Iterable[TrainingRun]) -> list[TrainingRun]:
    """Attach a snapshot to each run, in one query. Runs that were deleted meanwhile are left out."""
    now, listed = timezone.now(), list(runs)
    facts = {run.id: run for run in runs_by_id([run.pk for run in listed])}
    listed = [run for run in listed if run.pk in facts]
    for run in listed:
        found = facts[run.pk]
        run.run_number, run.public_id = found.run_number, found.public_id
        run.domain = Domain(id=found.domain_id, name=found.domain_name)
        vars(run)["shown"] = RunSnapshot(TrainingRunSerializer(found, context={"now": now}).data, now)
    return listed


def attach_snapshots_to_domains(domains: Iterable[Domain]) -> list[Domain]:
    """Attach a snapshot of the latest run to each domain, in one query."""
    now, listed = timezone.now(), list(domains)
    latest = latest_runs([domain.pk for domain in listed])
    for domain in listed:
        facts = latest.get(domain.pk)
        run = None if facts is None else TrainingRunSerializer(facts, context={"now": now}).data
        vars(domain)["shown"] = RunSnapshot(run, now)
    return listed


def snapshot_of(listed: Model) -> RunSnapshot:
    """Return the attached snapshot."""
    shown: RunSnapshot = vars(listed)["shown"]
    return shown
