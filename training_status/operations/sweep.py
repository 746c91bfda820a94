"""The sweep: ending silent runs as lost, or as cancelled if they were asked to stop."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from training_status import run_states
from training_status.displayed_state import ACTIVE, CANCELLED_BY_SILENCE, LOST
from training_status.ingest.expiry import expire_silent_run
from training_status.ingest.run_audit import record_run_action
from training_status.ingest.service_uptime import uptime_s
from training_status.operations.sweep_lock import acquire_sweep_lock
from training_status.read.run_columns import limits_of_settings

RUNS_AT_ONCE: Final = 50
# Classes of SQLSTATE: connection, resources such as the disk, an operator's intervention, the system.
_SERVER_TROUBLE: Final = ("08", "53", "57", "58")

# Raw SQL: `ACTIVE` is exactly the condition of the partial index `run_active`, so finished runs are not read.
SILENT_RUNS: Final = f"""
    SELECT run.id
      FROM training_status_trainingrun AS run JOIN training_status_domain AS domain ON domain.id = run.domain_id
     WHERE {ACTIVE.sql} AND run.id > %(after_id)s AND {(CANCELLED_BY_SILENCE | LOST).sql}
     ORDER BY run.id LIMIT {RUNS_AT_ONCE}
"""


@dataclass(slots=True)
class Swept:
    """The result of a sweep. `was_busy`: it ended early because another sweep was running.

    `failures` are the runs that could not be ended, by key, with the errors. `uptime_s` is the service uptime at the
    end of the sweep; infinite if it was assumed.
    """

    lost: int = 0
    cancelled: int = 0
    failures: dict[int, Exception] = field(default_factory=dict)
    was_busy: bool = False
    uptime_s: float = 0.0


def sweep_runs(*, assume_reachable: bool = False, is_stopping: Callable[[], bool] = lambda: False) -> Swept:
    """End the runs that have been silent for their limit, in small transactions.

    Only silence while the service was reachable counts. With `assume_reachable` all silence counts, and each run that
    is ended is recorded. Takes the sweep's lock and those of the runs; locked runs are skipped. Each run is stored
    under a savepoint, so an error with one run does not stop the others. Raises errors of the database itself.
    """
    swept = Swept()
    after_id = 0
    while not is_stopping():
        with transaction.atomic():
            if not acquire_sweep_lock():
                swept.was_busy = True
                break
            now = timezone.now()
            swept.uptime_s = math.inf if assume_reachable else uptime_s(now)
            run_ids = _silent_runs(now, swept.uptime_s, after_id)
            reasons = Counter[str | None]()
            for run_id in run_ids:
                try:
                    with transaction.atomic():
                        reason = expire_silent_run(run_id, now, uptime_s=swept.uptime_s)
                        if assume_reachable and reason is not None:
                            record_run_action("failed", run_id, reason=reason, assumed_reachable=True)
                except Exception as error:
                    if _concerns_every_run(error):
                        raise
                    swept.failures[run_id] = error
                else:
                    reasons[reason] += 1
        swept.lost += reasons[run_states.LOST]
        swept.cancelled += reasons[run_states.CANCELLED]
        if len(run_ids) < RUNS_AT_ONCE:
            break
        after_id = run_ids[-1]
    return swept


def _concerns_every_run(error: Exception) -> bool:
    """Whether the connection or the server failed, and not the change of one run."""
    if not connection.is_usable():
        return True
    sqlstate = getattr(error.__cause__, "sqlstate", None) if isinstance(error, DatabaseError) else None
    return sqlstate is not None and sqlstate[:2] in _SERVER_TROUBLE


def parameters(now: datetime, uptime_s: float, after_id: int) -> dict[str, Any]:
    """Return the parameters of `SILENT_RUNS`."""
    return limits_of_settings() | {"now": now, "reachable_s": uptime_s, "after_id": after_id}


def _silent_runs(now: datetime, uptime_s: float, after_id: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(SILENT_RUNS, parameters(now, uptime_s, after_id))
        return [run_id for (run_id,) in cursor.fetchall()]
