"""Reading runs: the stored fields that a run's status is computed from.

Raw SQL: building model instances would cost more than the query itself, and the ORM cannot express the lateral join for
"the latest run of each domain, with its baseline".
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from django.db import connection

from training_status import run_states
from training_status.forecast.stored_estimate import StoredEstimate
from training_status.forecast.usage import UsageEstimate, usage_estimate_from_json
from training_status.jsonb import from_jsonb
from training_status.log_levels import LEVELS
from training_status.read.run_columns import (
    DECLARED_DIRECTIONS,
    ESTIMATE,
    HANG_LIMIT_S,
    RESUMED_AT_SEQ,
    STALL_LIMIT_S,
    limits_of_settings,
)
from training_status.selected_columns import JSONB, Column, Selected

LEVEL_COUNTS = f"ARRAY[{', '.join(f'run.{name.lower()}_count' for name in LEVELS)}]"


class PhaseTime(NamedTuple):
    """A phase that a run entered; `ended_at` is None in the phase it is in."""

    phase: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(slots=True)
class RunFacts:
    """The stored fields that a run's status is computed from, named as in `TrainingRun`.

    `baseline_metrics` are the final metrics of the run `baseline_run_number`: the one pinned in the domain, or, where
    none is pinned and for the pinned run itself, the last completed run with a lower number. The limits are the
    domain's own or, where it has none, those of the settings.
    `declared_directions` is what the run, else its domain, says about metrics (`metric_directions`).
    `estimate` and `usage_estimate` are the last stored forecasts. `read.phase_times` fills `phase_times` and
    `expected_phase_s` (for each phase; None if unknown) where they are needed.
    """

    id: int
    domain_id: int
    domain_name: Annotated[str, Column("domain.name")]
    public_id: UUID
    run_number: int
    state: str
    failure_reason: str | None
    cancel_requested_at: datetime | None
    current_phase: str | None
    progress_percent: float
    message: str | None
    phase_message: str | None
    event_message: str | None
    candidate_count: int
    evaluation_count: int
    best: Annotated[dict[str, Any], JSONB]
    usage: Annotated[dict[str, Any], JSONB]
    usage_estimate: Annotated[UsageEstimate, Column(read=usage_estimate_from_json)]
    cost_limit: float | None
    currency: str | None
    tokens_limit: int | None
    cancel_reason: str | None
    metrics: Annotated[dict[str, Any], JSONB]
    declared_directions: Annotated[dict[str, bool], DECLARED_DIRECTIONS]
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    last_report_at: datetime
    last_event_at: datetime
    first_seq: int
    last_seq: int
    resumed_at_seq: Annotated[int | None, RESUMED_AT_SEQ]
    level_counts: Annotated[list[int], Column(LEVEL_COUNTS)]
    baseline_run_number: Annotated[int | None, Column("baseline.run_number")]
    baseline_metrics: Annotated[dict[str, Any] | None, Column("baseline.metrics", from_jsonb)]
    stall_limit_s: Annotated[float, STALL_LIMIT_S]
    hang_limit_s: Annotated[float, HANG_LIMIT_S]
    llm_model: str
    optimizer: str | None
    sample_count: int | None
    config: Annotated[dict[str, Any], JSONB]
    tags: Annotated[list[str], JSONB]
    note: str
    estimate: Annotated[StoredEstimate | None, ESTIMATE]
    phase_times: list[PhaseTime] = field(default_factory=list)
    expected_phase_s: list[float] | None = None

    @property
    def log_count(self) -> int:
        """The number of log entries that are kept."""
        return self.last_seq - self.first_seq + 1


_FACTS = Selected(RunFacts, "run")

# At most one lookup in each of two indexes. LIMIT keeps the planner from joining all runs instead.
_BASELINE = f"""
    LEFT JOIN LATERAL (
        SELECT compared.run_number, compared.metrics FROM training_status_trainingrun AS compared
         WHERE compared.domain_id = run.domain_id
           AND compared.run_number = coalesce(
               nullif(domain.baseline_run_number, run.run_number),
               (SELECT earlier.run_number FROM training_status_trainingrun AS earlier
                 WHERE earlier.domain_id = run.domain_id AND earlier.state = '{run_states.COMPLETED}'
                   AND earlier.run_number < run.run_number
                 ORDER BY earlier.run_number DESC LIMIT 1))
         LIMIT 1) AS baseline ON true
"""

# The latest run is the one that started last; one not started yet counts by its creation.
LATEST = """
    LATERAL (SELECT * FROM training_status_trainingrun
              WHERE domain_id = domain.id
              ORDER BY coalesce(started_at, created_at) DESC, run_number DESC LIMIT 1) AS run
"""

_LATEST_OF_DOMAIN = f"""
    SELECT {_FACTS.columns} FROM training_status_domain AS domain CROSS JOIN {LATEST} {_BASELINE}
     WHERE domain.name = %(domain_name)s AND (%(only_domain_id)s::bigint IS NULL OR domain.id = %(only_domain_id)s)
"""
_BY_NUMBER = f"""
    SELECT {_FACTS.columns}
      FROM training_status_domain AS domain JOIN training_status_trainingrun AS run ON run.domain_id = domain.id
           {_BASELINE}
     WHERE domain.name = %(domain_name)s AND run.run_number = %(run_number)s
       AND (%(only_domain_id)s::bigint IS NULL OR domain.id = %(only_domain_id)s)
"""
_BY_PUBLIC_ID = f"""
    SELECT {_FACTS.columns}
      FROM training_status_domain AS domain JOIN training_status_trainingrun AS run ON run.domain_id = domain.id
           {_BASELINE}
     WHERE run.public_id = %(public_id)s AND (%(only_domain_id)s::bigint IS NULL OR domain.id = %(only_domain_id)s)
"""
# The page is chosen first: the baselines of the runs before it are not looked up.
_PAGE_OF_DOMAIN = f"""
    SELECT {_FACTS.columns}
      FROM training_status_domain AS domain JOIN training_status_trainingrun AS run ON run.domain_id = domain.id
           {_BASELINE}
     WHERE run.id = ANY(ARRAY(
           SELECT id FROM training_status_trainingrun WHERE domain_id = %(domain_id)s
            ORDER BY run_number DESC LIMIT %(limit)s OFFSET %(offset)s))
     ORDER BY run.run_number DESC
"""
_BY_IDS = f"""
    SELECT {_FACTS.columns}
      FROM training_status_trainingrun AS run JOIN training_status_domain AS domain ON domain.id = run.domain_id
           {_BASELINE}
     WHERE run.id = ANY(%(run_ids)s)
"""
_LATEST_OF_DOMAINS = f"""
    SELECT {_FACTS.columns} FROM training_status_domain AS domain CROSS JOIN {LATEST} {_BASELINE}
     WHERE domain.id = ANY(%(domain_ids)s)
"""

_BIGINT_MAX = 2**63 - 1


def latest_run(domain_name: str, *, only_domain_id: int | None = None) -> RunFacts | None:
    """Return the domain's run that started last; None for an unknown domain or one without a run."""
    return _one(_LATEST_OF_DOMAIN, domain_name=domain_name, only_domain_id=only_domain_id)


def run_by_number(domain_name: str, run_number: int, *, only_domain_id: int | None = None) -> RunFacts | None:
    """Return the domain's run with this number, or None."""
    if run_number > _BIGINT_MAX:
        return None
    return _one(_BY_NUMBER, domain_name=domain_name, run_number=run_number, only_domain_id=only_domain_id)


def run_by_public_id(public_id: UUID, *, only_domain_id: int | None = None) -> RunFacts | None:
    """Return the run with this public id, or None."""
    return _one(_BY_PUBLIC_ID, public_id=public_id, only_domain_id=only_domain_id)


def runs_by_id(run_ids: list[int]) -> list[RunFacts]:
    """Return the existing runs with these internal keys, in one query."""
    return _all(_BY_IDS, run_ids=run_ids)


class RunList:
    """The runs of a domain, newest (highest number) first."""

    def __init__(self, domain_id: int) -> None:
        self._domain_id = domain_id

    def count(self) -> int:
        """Return the number of runs."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM training_status_trainingrun WHERE domain_id = %(domain_id)s",
                {"domain_id": self._domain_id},
            )
            (count,) = cursor.fetchone()
        return int(count)

    def part(self, offset: int, limit: int) -> list[RunFacts]:
        """Return some of the runs, in one query."""
        return _all(_PAGE_OF_DOMAIN, domain_id=self._domain_id, limit=limit, offset=offset)


def latest_runs(domain_ids: list[int]) -> dict[int, RunFacts]:
    """Return the latest run of each domain, by the domain's key. Domains without a run are left out."""
    return {facts.domain_id: facts for facts in _all(_LATEST_OF_DOMAINS, domain_ids=domain_ids)}


def result_of_run(public_id: UUID, *, only_domain_id: int | None = None) -> tuple[bool, dict[str, Any] | None]:
    """Return whether the run exists, and its result (None: none yet)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT result FROM training_status_trainingrun
             WHERE public_id = %(public_id)s
               AND (%(only_domain_id)s::bigint IS NULL OR domain_id = %(only_domain_id)s)
            """,
            {"public_id": public_id, "only_domain_id": only_domain_id},
        )
        row = cursor.fetchone()
    return row is not None, from_jsonb(row[0]) if row else None


def _one(sql: str, **parameters: Any) -> RunFacts | None:
    rows = _all(sql, **parameters)
    return rows[0] if rows else None


def _all(sql: str, **parameters: Any) -> list[RunFacts]:
    with connection.cursor() as cursor:
        cursor.execute(sql, limits_of_settings() | parameters)
        return [_FACTS.instance(row) for row in cursor.fetchall()]
