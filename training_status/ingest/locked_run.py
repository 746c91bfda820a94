"""Locking a run, and storing its changes under the lock. Raw SQL, because every event takes this path.

Every writer of a run takes this lock first, after the domain's lock where it needs that too. Log entries are numbered
from the counter on the locked row, so the numbers have no gaps and become visible in order.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from training_status.change_notifications.notify import notify_on_commit
from training_status.errors import NotFound
from training_status.ingest.forecasting import store_forecasts
from training_status.ingest.lock_wait import waiting_for_lock
from training_status.ingest.optimizer_store import add_sums, insert_candidates, insert_evaluations
from training_status.ingest.run_state_machine import Entry, RunStateMachine
from training_status.jsonb import to_jsonb
from training_status.log_levels import LEVEL_NAMES, LEVELS
from training_status.read.run_columns import limits_of_settings
from training_status.selected_columns import JSONB, Selected, columns_of

_RUN = Selected(RunStateMachine, "run")

_LOCK_SQL = """
    SELECT {columns}
      FROM training_status_trainingrun run JOIN training_status_domain domain ON domain.id = run.domain_id
     WHERE {key} AND (%(only_domain_id)s::bigint IS NULL OR run.domain_id = %(only_domain_id)s)
       FOR NO KEY UPDATE OF run
"""
_LOCK_BY_PUBLIC_ID = _LOCK_SQL.format(columns=_RUN.columns, key="run.public_id = %(key)s")
_LOCK_BY_ID = _LOCK_SQL.format(columns=_RUN.columns, key="run.id = %(key)s")
_LOCK_BY_ID_UNLESS_HELD = f"{_LOCK_BY_ID} SKIP LOCKED"

# One statement for any number of entries: they are one JSON parameter.
_INSERT_ENTRIES = """
    INSERT INTO training_status_traininglogentry (
           run_id, seq, "timestamp", level, message, step, metrics, progress_percent, phase)
    SELECT %s, entry.seq, entry."timestamp", entry.level, entry.message, entry.step, entry.metrics,
           entry.progress_percent, entry.phase
      FROM jsonb_to_recordset(%s::jsonb) AS entry(
           seq bigint, "timestamp" timestamptz, level smallint, message text, step text, metrics jsonb,
           progress_percent double precision, phase text)
"""

# The columns of the run's own row, except for its keys, are stored again.
_STORED = {
    name: column
    for name, column in columns_of(RunStateMachine).items()
    if column.sql is None and name not in ("id", "domain_id")
}
_SET = ", ".join(
    [
        *(
            f"{column.name or name} = %({name})s{'::jsonb' if column is JSONB else ''}"
            for name, column in _STORED.items()
        ),
        "result = coalesce(%(result)s::jsonb, result)",
        *(f"{name.lower()}_count = {name.lower()}_count + %({name})s" for name in LEVELS),
    ]
)
_UPDATE_RUN = f"UPDATE training_status_trainingrun SET {_SET} WHERE id = %(id)s"


def lock_run(public_id: UUID, *, only_domain_id: int | None) -> RunStateMachine:
    """Lock the run until the transaction ends. Raises NotFound, also for a run outside `only_domain_id`."""
    machine = _lock(_LOCK_BY_PUBLIC_ID, public_id, only_domain_id)
    if machine is None:
        raise NotFound(f"There is no training run {public_id}.", code="run_not_found")
    return machine


def lock_run_by_id(run_id: int) -> RunStateMachine:
    """Lock the run with this internal key until the transaction ends. Raises NotFound."""
    machine = _lock(_LOCK_BY_ID, run_id, None)
    if machine is None:
        raise NotFound("The training run has been deleted.", code="run_not_found")
    return machine


def lock_run_unless_held(run_id: int) -> RunStateMachine | None:
    """Lock the run with this internal key until the transaction ends.

    Return None, without waiting, if another transaction holds the lock or the run was deleted.
    """
    return _lock(_LOCK_BY_ID_UNLESS_HELD, run_id, None)


def store(machine: RunStateMachine) -> None:
    """Store the state of `machine` with its new log entries and phase timings. The caller holds the run's lock.

    Followers are notified after the commit.
    """
    counts = Counter(LEVEL_NAMES[entry.level] for entry in machine.entries)
    with connection.cursor() as cursor:
        insert_entries(cursor, machine.id, machine.entries)
        insert_candidates(cursor, machine.id, machine.candidates)
        insert_evaluations(cursor, machine.id, machine.evaluations)
        for sums in machine.usage_sums:
            add_sums(cursor, machine.id, sums)
        for mark in machine.phase_marks:
            if mark.started_at is not None:
                cursor.execute(
                    "INSERT INTO training_status_phasetiming (run_id, phase, started_at) VALUES (%s, %s, %s)",
                    (machine.id, mark.phase, mark.started_at),
                )
            else:
                cursor.execute(
                    "UPDATE training_status_phasetiming SET ended_at = %s WHERE run_id = %s AND phase = %s",
                    (mark.ended_at, machine.id, mark.phase),
                )
        for middle in machine.phase_middles:
            cursor.execute(
                """
                UPDATE training_status_phasetiming SET middle_at = %s, middle_fraction = %s
                 WHERE run_id = %s AND phase = %s
                """,
                (middle.at, middle.fraction, machine.id, middle.phase),
            )
        store_forecasts(machine)
        cursor.execute(_UPDATE_RUN, _stored_values(machine, counts))
    notify_on_commit(machine.domain_id, machine.id)


def insert_entries(cursor: Any, run_id: int, entries: list[Entry]) -> None:
    """Store log entries that the caller has numbered, under the run's lock or for a run that is not visible yet."""
    if entries:
        cursor.execute(_INSERT_ENTRIES, (run_id, _entries_json(entries)))


def _lock(sql: str, key: Any, only_domain_id: int | None) -> RunStateMachine | None:
    with waiting_for_lock() as cursor:
        cursor.execute(sql, limits_of_settings() | {"key": key, "only_domain_id": only_domain_id})
        row = cursor.fetchone()
    return None if row is None else _RUN.instance(row)


def _stored_values(machine: RunStateMachine, entries_by_level: Counter[str]) -> dict[str, Any]:
    """The parameters of `_UPDATE_RUN`."""
    values: dict[str, Any] = {"id": machine.id, **{level: entries_by_level[level] for level in LEVELS}}
    for name, column in _STORED.items():
        value = getattr(machine, name)
        values[name] = to_jsonb(value) if column is JSONB else value
    values["result"] = None if machine.result is None else to_jsonb(machine.result)
    return values


def _entries_json(entries: list[Entry]) -> str:
    return to_jsonb(
        [
            {
                "seq": entry.seq,
                "timestamp": _utc(entry.timestamp),
                "level": entry.level,
                "message": entry.message,
                "step": entry.step,
                "metrics": entry.metrics,
                "progress_percent": entry.progress_percent,
                "phase": entry.phase,
            }
            for entry in entries
        ]
    )


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
