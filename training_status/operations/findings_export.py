"""The lines of an export about what the optimiser found and used."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from training_status.ingest.exported_findings import ExportedCandidate, ExportedEvaluation, ExportedModelUsage
from training_status.serializers.times import utc_text

_ROWS_PER_QUERY: Final = 25  # each may have 1 MiB
_JSON_FIELDS: Final = frozenset({"parents", "predictors", "state", "omitted"})
_TABLES: Final = (
    (ExportedCandidate, "training_status_candidate"),
    (ExportedEvaluation, "training_status_evaluation"),
)


def _columns(kind: type[msgspec.Struct]) -> str:
    return ", ".join(kind.__struct_encode_fields__)


_NUMBERED: Final = {
    kind: f"SELECT {_columns(kind)} FROM {table} WHERE run_id = %s AND number > %s ORDER BY number LIMIT %s"
    for kind, table in _TABLES
}
_USAGE: Final = (
    f"SELECT {_columns(ExportedModelUsage)} FROM training_status_modelusage WHERE run_id = %s"
    " ORDER BY phase, model, role, currency"
)


def findings_of(cursor: Any, run_id: int) -> Iterator[dict[str, Any]]:
    """Yield what is to be written of a run, a small part of it in memory at a time."""
    for kind, sql in _NUMBERED.items():
        last = 0
        while True:
            cursor.execute(sql, (run_id, last, _ROWS_PER_QUERY))
            rows = cursor.fetchall()
            for row in rows:
                line = _named(kind, row)
                last = line["number"]
                yield line
            if len(rows) < _ROWS_PER_QUERY:
                break
    cursor.execute(_USAGE, (run_id,))
    for row in cursor.fetchall():
        yield _named(ExportedModelUsage, row)


def _named(kind: type[msgspec.Struct], row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row with the field names of the format, its kind first."""
    fields = zip(kind.__struct_encode_fields__, row, strict=True)
    config = kind.__struct_config__
    return {str(config.tag_field): config.tag, **{name: _written(name, value) for name, value in fields}}


def _written(name: str, value: Any) -> Any:
    if value is not None and name in _JSON_FIELDS:
        return msgspec.Raw(value.encode())
    if isinstance(value, Decimal):
        return f"{value:f}"
    return utc_text(value) if isinstance(value, datetime) else value
