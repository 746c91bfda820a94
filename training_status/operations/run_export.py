"""Exporting a run as lines of JSON, which `operations.run_import` reads.

The export has a header with every stored field, a line for each log entry, and a trailer. It does not contain the time
of the export, so two exports of an unchanged run are identical.
"""

from collections.abc import Generator, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection, transaction

from training_status.errors import NotFound
from training_status.ingest.exported_run import (
    FORMAT,
    VERSION,
    ExportedDomain,
    ExportedEntry,
    ExportedForecastMark,
    ExportedPhaseTiming,
    ExportedRun,
    ExportedUsageForecastMark,
    Trailer,
)
from training_status.ingest.run_audit import record_run_action
from training_status.ingest.runs import resolve_pending_cancel_of_run
from training_status.log_levels import LEVEL_NAMES
from training_status.operations.findings_export import findings_of
from training_status.serializers.times import utc_text

_ENTRIES_PER_QUERY: Final = 250  # each message may have 64 KiB
_JSON_FIELDS: Final = frozenset({"config", "tags", "metrics", "higher_is_better", "result"})


def _columns(kind: type[msgspec.Struct], table: str) -> str:
    return ", ".join(f'{table}."{name}"' for name in kind.__struct_encode_fields__)


# Raw SQL: jsonb is passed on as the text that PostgreSQL writes, so no value can change by being decoded.
_RUN = f"""
    SELECT run.id, {_columns(ExportedDomain, "domain")}, {_columns(ExportedRun, "run")}
      FROM training_status_trainingrun run JOIN training_status_domain domain ON domain.id = run.domain_id
     WHERE run.public_id = %s
"""
_PHASE_TIMINGS = f"""
    SELECT {_columns(ExportedPhaseTiming, "timing")} FROM training_status_phasetiming timing
     WHERE run_id = %s ORDER BY started_at, id
"""
_FORECAST_MARKS = f"""
    SELECT {_columns(ExportedForecastMark, "mark")} FROM training_status_forecastmark mark
     WHERE run_id = %s ORDER BY percent
"""
_USAGE_FORECAST_MARKS = f"""
    SELECT {_columns(ExportedUsageForecastMark, "mark")} FROM training_status_usageforecastmark mark
     WHERE run_id = %s ORDER BY amount, percent
"""
_ENTRIES = f"""
    SELECT {_columns(ExportedEntry, "entry")} FROM training_status_traininglogentry entry
     WHERE run_id = %s AND seq BETWEEN %s AND %s ORDER BY seq
"""


def export_run(public_id: UUID, *, only_domain_id: int | None = None) -> Iterator[bytes]:
    """Record the export and return the lines of the run, each with its line feed.

    One transaction reads all lines, until the last or until `close`, so they show the run at one moment. A small part
    of the log is in memory at a time. A cancellation that is due is stored first, under the run's lock. Raises
    NotFound; for a run that is deleted right after, only with the first line.
    """
    record_export(public_id, only_domain_id=only_domain_id)
    return export_lines(public_id)


def record_export(public_id: UUID, *, only_domain_id: int | None = None) -> None:
    """Store a cancellation that is due, and record the export of the run. Raises NotFound."""
    with transaction.atomic():
        record_run_action("exported", resolve_pending_cancel_of_run(public_id, only_domain_id=only_domain_id))


def export_header(public_id: UUID, *, only_domain_id: int | None = None) -> bytes:
    """Return the first line of the export, with its line feed. Nothing is recorded.

    Two exports with the same header are identical. A cancellation that is due is stored first. Raises NotFound.
    """
    with transaction.atomic():
        resolve_pending_cancel_of_run(public_id, only_domain_id=only_domain_id)
    lines = export_lines(public_id)
    try:
        return next(lines)
    finally:
        lines.close()


def export_lines(public_id: UUID) -> Generator[bytes, None, None]:
    """Yield the lines of `export_run`. Nothing is recorded, and no pending cancellation is stored."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(_RUN, (public_id,))
        row = cursor.fetchone()
        if row is None:
            raise NotFound(f"There is no training run {public_id}.", code="run_not_found")
        run_id, *facts = row
        domain_width = len(ExportedDomain.__struct_fields__)
        run = _named(ExportedRun, facts[domain_width:])
        cursor.execute(_PHASE_TIMINGS, (run_id,))
        phase_timings = cursor.fetchall()
        cursor.execute(_FORECAST_MARKS, (run_id,))
        forecast_marks = cursor.fetchall()
        cursor.execute(_USAGE_FORECAST_MARKS, (run_id,))
        usage_forecast_marks = cursor.fetchall()
        header = {
            "format": FORMAT,
            "version": VERSION,
            "domain": _named(ExportedDomain, facts[:domain_width]),
            "run": run,
            "phase_timings": [_named(ExportedPhaseTiming, timing) for timing in phase_timings],
            "forecast_marks": [_named(ExportedForecastMark, mark) for mark in forecast_marks],
            "usage_forecast_marks": [_named(ExportedUsageForecastMark, mark) for mark in usage_forecast_marks],
        }
        yield _line(header)
        first_seq, last_seq = run["first_seq"], run["last_seq"]
        for lowest in range(first_seq, last_seq + 1, _ENTRIES_PER_QUERY):
            cursor.execute(_ENTRIES, (run_id, lowest, min(lowest + _ENTRIES_PER_QUERY - 1, last_seq)))
            for row in cursor.fetchall():
                entry = _named(ExportedEntry, row)
                entry["level"] = LEVEL_NAMES[entry["level"]]
                yield _line(entry)
        findings = 0
        for line in findings_of(cursor, run_id):
            findings += 1
            yield _line(line)
        yield _line(Trailer(end=FORMAT, entries=last_seq - first_seq + 1, findings=findings))


def _named(kind: type[msgspec.Struct], row: Any) -> dict[str, Any]:
    """Return a row as a dict with the field names of the format, ready to be encoded."""
    return {name: _written(name, value) for name, value in zip(kind.__struct_encode_fields__, row, strict=True)}


def _written(name: str, value: Any) -> Any:
    if value is not None and name in _JSON_FIELDS:
        return msgspec.Raw(value.encode())
    return utc_text(value) if isinstance(value, datetime) else value


def _line(value: Any) -> bytes:
    return msgspec.json.encode(value) + b"\n"
