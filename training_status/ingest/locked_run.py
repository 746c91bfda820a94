"""Taking a run's lock, and writing back what changed under it. Raw SQL: this is the path of every event.

Every writer of a run takes this lock first (a domain's lock, where it needs one, before it). Log
entries are numbered from the counter on the locked row, so their numbers have no gaps and become
visible in order.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from training_status.errors import NotFound
from training_status.forecast.kept import estimate_from_json
from training_status.ingest.forecasting import keep_forecast
from training_status.ingest.lock_wait import waiting_for_lock
from training_status.ingest.run_course import Entry, RunCourse
from training_status.jsonb import from_jsonb, to_jsonb
from training_status.log_levels import LEVEL_NAMES
from training_status.wakeups.publish import announce

_LOCK_SQL = """
    SELECT run.id, run.domain_id, run.state, run.failure_reason, run.end_reported, run.cancel_requested_at,
           run.current_phase, run.progress_percent, run.message, run.metrics, run.error_message,
           run.started_at, run.ended_at,
           run.last_report_at, run.last_event_at, run.source, run.last_n, run.last_seq, run.given_up_seq,
           run.phase_started_at, coalesce(domain.stall_limit_s, %s), coalesce(domain.lost_limit_s, %s),
           (SELECT estimate FROM training_status_runforecast WHERE run_id = run.id)
      FROM training_status_trainingrun run JOIN training_status_domain domain ON domain.id = run.domain_id
     WHERE {key} AND (%s::bigint IS NULL OR run.domain_id = %s)
       FOR NO KEY UPDATE OF run
"""
_LOCK_BY_PUBLIC_ID = _LOCK_SQL.format(key="run.public_id = %s")
_LOCK_BY_ID = _LOCK_SQL.format(key="run.id = %s")
_LOCK_BY_ID_UNLESS_HELD = f"{_LOCK_BY_ID} SKIP LOCKED"

# One statement however many entries: the parameters are one JSON text.
_INSERT_ENTRIES = """
    INSERT INTO training_status_traininglogentry (run_id, seq, "timestamp", level, message, step, metrics)
    SELECT %s, entry.seq, entry."timestamp", entry.level, entry.message, entry.step, entry.metrics
      FROM jsonb_to_recordset(%s::jsonb) AS entry(
           seq bigint, "timestamp" timestamptz, level smallint, message text, step text, metrics jsonb)
"""

_UPDATE_RUN = """
    UPDATE training_status_trainingrun
       SET state = %s, failure_reason = %s, end_reported = %s, cancel_requested_at = %s, current_phase = %s,
           progress_percent = %s, message = %s, metrics = %s::jsonb, error_message = %s, started_at = %s,
           ended_at = %s, last_report_at = %s, last_event_at = %s, source = %s, last_n = %s, last_seq = %s,
           given_up_seq = %s, phase_started_at = %s, result = coalesce(%s::jsonb, result),
           debug_count = debug_count + %s, info_count = info_count + %s, warning_count = warning_count + %s,
           error_count = error_count + %s, critical_count = critical_count + %s
     WHERE id = %s
"""


def lock_run(public_id: UUID, *, only_domain_id: int | None) -> RunCourse:
    """The run, locked until the transaction ends. Raises NotFound, also for a run of another domain."""
    course = _lock(_LOCK_BY_PUBLIC_ID, public_id, only_domain_id)
    if course is None:
        raise NotFound(f"There is no training run {public_id}.", code="run_not_found")
    return course


def lock_run_by_id(run_id: int) -> RunCourse:
    """The run with this internal key, locked until the transaction ends. Raises NotFound."""
    course = _lock(_LOCK_BY_ID, run_id, None)
    if course is None:
        raise NotFound("The training run has been deleted.", code="run_not_found")
    return course


def lock_run_unless_held(run_id: int) -> RunCourse | None:
    """The run with this internal key, locked until the transaction ends; None, at once, where another has it locked
    or it does not exist any more.
    """
    return _lock(_LOCK_BY_ID_UNLESS_HELD, run_id, None)


def store(course: RunCourse) -> None:
    """Write what `course` has become, with its new log entries and phase timings, under its lock.

    Its followers are woken after the commit.
    """
    counts = Counter(entry.level for entry in course.entries)
    with connection.cursor() as cursor:
        insert_entries(cursor, course.id, course.entries)
        cursor.execute(
            _UPDATE_RUN,
            (
                course.state,
                course.failure_reason,
                course.end_reported,
                course.cancel_requested_at,
                course.current_phase,
                course.progress_percent,
                course.message,
                to_jsonb(course.metrics),
                course.error_message,
                course.started_at,
                course.ended_at,
                course.last_report_at,
                course.last_event_at,
                course.source,
                course.last_n,
                course.last_seq,
                course.given_up_seq,
                course.phase_started_at,
                None if course.result is None else to_jsonb(course.result),
                *(counts[level] for level in sorted(LEVEL_NAMES)),
                course.id,
            ),
        )
        for mark in course.phase_marks:
            if mark.started_at is not None:
                cursor.execute(
                    "INSERT INTO training_status_phasetiming (run_id, phase, started_at) VALUES (%s, %s, %s)",
                    (course.id, mark.phase, mark.started_at),
                )
            else:
                cursor.execute(
                    "UPDATE training_status_phasetiming SET ended_at = %s WHERE run_id = %s AND phase = %s",
                    (mark.ended_at, course.id, mark.phase),
                )
        for middle in course.phase_middles:
            cursor.execute(
                """
                UPDATE training_status_phasetiming SET middle_at = %s, middle_fraction = %s
                 WHERE run_id = %s AND phase = %s
                """,
                (middle.at, middle.fraction, course.id, middle.phase),
            )
    keep_forecast(course)
    announce(course.domain_id, course.id)


def insert_entries(cursor: Any, run_id: int, entries: list[Entry]) -> None:
    """Store log entries, numbered by the caller: under the run's lock, or for a run that nobody can see yet."""
    if entries:
        cursor.execute(_INSERT_ENTRIES, (run_id, _entries_json(entries)))


def _lock(sql: str, key: Any, only_domain_id: int | None) -> RunCourse | None:
    limits = settings.STALL_LIMIT.total_seconds(), settings.LOST_LIMIT.total_seconds()
    with waiting_for_lock() as cursor:
        cursor.execute(sql, (*limits, key, only_domain_id, only_domain_id))
        row = cursor.fetchone()
    if row is None:
        return None
    course = RunCourse(*row)
    course.metrics = from_jsonb(course.metrics)
    course.estimate = estimate_from_json(row[-1])
    return course


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
            }
            for entry in entries
        ]
    )


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
