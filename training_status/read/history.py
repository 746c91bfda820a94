"""All runs of a domain, with what is compared from run to run."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from training_status.jsonb import from_jsonb

_RUNS = """
    SELECT run_number, public_id, state, failure_reason, cancel_requested_at, last_report_at, started_at, ended_at,
           metrics
      FROM training_status_trainingrun
     WHERE domain_id = (SELECT id FROM training_status_domain WHERE name = %s)
     ORDER BY run_number
"""


class PastRun(NamedTuple):
    """The stored facts of a run that its line in the history is made of; fields as in `TrainingRun`."""

    run_number: int
    public_id: UUID
    state: str
    failure_reason: str | None
    cancel_requested_at: datetime | None
    last_report_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    metrics: dict[str, Any]


def runs_of_domain(domain_name: str) -> list[PastRun]:
    """All of them, oldest first, in one query; none for an unknown domain."""
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, (domain_name,))
        return [PastRun(*row)._replace(metrics=from_jsonb(row[-1])) for row in cursor.fetchall()]
