"""Retention: removing the logs of finished runs, beyond the newest runs of a domain or some days after their end.

Everything else about a run is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import QueryCanceled

from training_status import run_states
from training_status.audit.record import record
from training_status.errors import Unavailable
from training_status.ingest.log_pruning import FinishedRun, prune_oldest_entries
from training_status.operations.sweep_lock import acquire_sweep_lock

ENTRIES_AT_ONCE: Final = 2_000
RUNS_AT_ONCE: Final = 100
QUERY_LIMIT_S: Final = 2.0

# Raw SQL: one query for the limits of the domain or of the settings, and the newest runs of each domain. The index on
# (domain, run_number) finds the newest finished run that is not kept. MATERIALIZED: once for each domain, not each run.
_KEPT = f"""
    WITH kept AS MATERIALIZED (
        SELECT domain.id AS domain_id, domain.name, own.days,
               CASE WHEN own.runs IS NOT NULL THEN
                    (SELECT newer.run_number FROM training_status_trainingrun AS newer
                      WHERE newer.domain_id = domain.id
                        AND (newer.state = '{run_states.COMPLETED}' OR newer.state = '{run_states.FAILED}')
                      ORDER BY newer.run_number DESC OFFSET own.runs LIMIT 1) END AS newest_beyond
          FROM training_status_domain AS domain,
               LATERAL (SELECT coalesce(domain.kept_runs, %(kept_runs)s::bigint),
                               coalesce(domain.kept_days, %(kept_days)s::float8)) AS own(runs, days)
         WHERE own.runs IS NOT NULL OR own.days IS NOT NULL)
"""
_DUE = f"""
      FROM kept JOIN training_status_trainingrun AS run ON run.domain_id = kept.domain_id
     WHERE (run.state = '{run_states.COMPLETED}' OR run.state = '{run_states.FAILED}')
       AND run.last_seq >= run.first_seq
       AND (run.run_number <= kept.newest_beyond
            OR extract(epoch FROM %(now)s::timestamptz - run.ended_at)::float8 > kept.days * 86400)
"""
_DUE_RUNS = f"""
    {_KEPT}
    SELECT run.id, run.ended_at, run.last_seq - run.first_seq + 1 {_DUE}
       AND run.id > %(after_id)s
     ORDER BY run.id LIMIT %(at_most)s
"""
_DUE_STILL = f"""
    {_KEPT}
    SELECT run.id, run.ended_at, run.last_seq - run.first_seq + 1 {_DUE}
       AND run.id = ANY(%(run_ids)s)
     ORDER BY run.id
"""
_DUE_BY_DOMAIN = f"""
    {_KEPT}
    SELECT kept.name, count(*), sum(run.last_seq - run.first_seq + 1)::bigint {_DUE}
     GROUP BY kept.name ORDER BY kept.name
"""


class DueLogs(NamedTuple):
    """How many runs of a domain have log entries to remove, and how many entries these are."""

    domain_name: str
    runs: int
    entries: int


@dataclass(slots=True)
class Pruned:
    """What retention has removed. `runs_left` were due but locked; `was_busy`: another sweep or pruning was running.

    `is_all`: nothing more was due.
    """

    entries: int = 0
    runs_left: int = 0
    was_busy: bool = False
    is_all: bool = True


def due_logs() -> list[DueLogs]:
    """Return what retention would remove now, by domain. Nothing is removed."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE_BY_DOMAIN, _limits())
        return [DueLogs(*row) for row in cursor.fetchall()]


@transaction.atomic
def record_pruning() -> list[DueLogs]:
    """Record for each domain what an operator is about to remove, and return it."""
    due = due_logs()
    for one in due:
        record("deleted", "log", one.domain_name, runs=one.runs, log_entries=one.entries)
    return due


def log_is_due(run_id: int) -> bool:
    """Whether retention would remove the log of the run with this internal key now."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE_STILL, {**_limits(), "run_ids": [run_id]})
        return cursor.fetchone() is not None


def prune_old_logs(
    *,
    batches_max: int | None = None,
    wait: bool = False,
    query_limit_s: float = QUERY_LIMIT_S,
    is_stopping: Callable[[], bool] = lambda: False,
    on_removed: Callable[[int], None] = lambda entries: None,
) -> Pruned:
    """Remove what is due, in at most `batches_max` small transactions.

    Each transaction takes the sweep's lock, finds what is due by the current limits, and locks its runs. Without
    `wait`, pruning ends if the sweep's lock is not free. Raises Unavailable when a query takes `query_limit_s`.
    `on_removed` is called after each transaction with the number of removed entries.
    """
    pruned = Pruned()
    started: list[int] = []  # runs that were found and not finished
    after_id = 0
    batches = 0
    while True:
        if is_stopping() or batches == batches_max:
            pruned.is_all = False
            break
        with transaction.atomic():
            if not acquire_sweep_lock(wait=wait):
                pruned.was_busy, pruned.is_all = True, False
                break
            batch = _still_due(started, query_limit_s) or _due_after(after_id, query_limit_s)
            if not batch:
                break
            removed, left, rest = _prune_batch(batch)
        after_id = max(after_id, batch[-1].id)
        started = [run.id for run in rest]
        batches += 1
        pruned.entries += removed
        pruned.runs_left += left
        on_removed(removed)
    return pruned


def _prune_batch(batch: list[FinishedRun]) -> tuple[int, int, list[FinishedRun]]:
    """Remove up to `ENTRIES_AT_ONCE` entries of these runs.

    Return how many were removed, how many runs were skipped, and the runs that are not finished.
    """
    removed = left = 0
    for place, run in enumerate(batch):
        room = ENTRIES_AT_ONCE - removed
        if room == 0:
            return removed, left, batch[place:]
        entries = prune_oldest_entries(run, at_most=room)
        if entries is None:
            left += 1
            continue
        removed += entries
        if 0 < entries < run.entries:
            rest = FinishedRun(run.id, run.ended_at, run.entries - entries)
            return removed, left, [rest, *batch[place + 1 :]]
    return removed, left, []


def _due_after(after_id: int, limit_s: float) -> list[FinishedRun]:
    """Return the next runs that are due, in order of their keys."""
    return _due_runs(_DUE_RUNS, limit_s, after_id=after_id, at_most=RUNS_AT_ONCE)


def _still_due(run_ids: list[int], limit_s: float) -> list[FinishedRun]:
    """Return those of these runs that are still due: the limits may have changed since they were found."""
    return _due_runs(_DUE_STILL, limit_s, run_ids=run_ids) if run_ids else []


def _due_runs(sql: str, limit_s: float, **parameters: Any) -> list[FinishedRun]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{round(limit_s * 1000)}ms'")
        try:
            cursor.execute(sql, {**_limits(), **parameters})
        except OperationalError as error:
            if isinstance(error.__cause__, QueryCanceled):
                raise Unavailable(
                    f"The query for logs to remove was cancelled after {limit_s:g} s.",
                    retry_after_s=60,
                ) from error
            raise
        runs = [FinishedRun(*row) for row in cursor.fetchall()]
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    return runs


def _limits() -> dict[str, Any]:
    return {"now": timezone.now(), "kept_runs": settings.KEPT_RUNS, "kept_days": settings.KEPT_DAYS}
