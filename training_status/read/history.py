"""Reading the history of a domain: all runs, with their metrics."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db import connection

from training_status.read.run_columns import DECLARED_DIRECTIONS, STALL_LIMIT_S, limits_of_settings
from training_status.selected_columns import JSONB, Selected


@dataclass(slots=True)
class PastRun:
    """The stored fields of a run in the history, named as in `TrainingRun`.

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
    stall_limit_s: Annotated[float, STALL_LIMIT_S]
    metrics: Annotated[dict[str, Any], JSONB]
    declared_directions: Annotated[dict[str, bool], DECLARED_DIRECTIONS]


_PAST_RUN = Selected(PastRun, "run")
_RUNS = f"""
    SELECT {_PAST_RUN.columns}
      FROM training_status_domain AS domain JOIN training_status_trainingrun AS run ON run.domain_id = domain.id
     WHERE domain.name = %(domain_name)s
     ORDER BY run.run_number
"""


def runs_of_domain(domain_name: str) -> list[PastRun]:
    """Return all runs of a domain, oldest first, in one query; none for an unknown domain."""
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, limits_of_settings() | {"domain_name": domain_name})
        return [_PAST_RUN.instance(row) for row in cursor.fetchall()]
