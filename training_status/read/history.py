"""All runs of a domain, with what is compared from run to run."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

from training_status.jsonb import from_jsonb

_RUNS = """
    SELECT run.run_number, run.public_id, run.state, run.failure_reason, run.cancel_requested_at, run.last_report_at,
           run.started_at, run.ended_at, coalesce(domain.stall_limit_s, %s), run.metrics
      FROM training_status_domain AS domain JOIN training_status_trainingrun AS run ON run.domain_id = domain.id
     WHERE domain.name = %s
     ORDER BY run.run_number
"""


class PastRun(NamedTuple):
    """The stored facts of a run that its line in the history is made of; fields as in `TrainingRun`.

    `stall_limit_s` is the domain's own or, where it has none, that of the settings.
    """

    run_number: int
    public_id: UUID
    state: str
    failure_reason: str | None
    cancel_requested_at: datetime | None
    last_report_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    stall_limit_s: float
    metrics: dict[str, Any]


def runs_of_domain(domain_name: str) -> list[PastRun]:
    """All of them, oldest first, in one query; none for an unknown domain."""
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, (settings.STALL_LIMIT.total_seconds(), domain_name))
        return [PastRun(*row)._replace(metrics=from_jsonb(row[-1])) for row in cursor.fetchall()]
