"""Reading and checking the lines of an exported run.

The limits are those for reporters, so exactly what a reporter could store can be imported. The constraints of the
database check the relations between the fields of a run.
"""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import structs

from training_status.errors import InvalidInput
from training_status.ingest.batch import (
    MESSAGE_MAX_BYTES,
    METRICS_MAX_BYTES,
    RESULT_MAX_BYTES,
    check_level,
    check_metric_values,
    check_time,
)
from training_status.ingest.declared_directions import check_directions
from training_status.ingest.exported_run import FORMAT, VERSION, ExportedEntry, ExportedRun, Header, Trailer
from training_status.ingest.json_input import decode, refuse_larger, refuse_unstorable
from training_status.ingest.optimizer_events import check_currency
from training_status.ingest.request_schemas import CONFIG_MAX_BYTES, NOTE_MAX_BYTES
from training_status.ingest.run_state_machine import DIRECTIONS_KEPT_MAX_BYTES, METRICS_KEPT_MAX_BYTES, Entry
from training_status.log_levels import LEVEL_NUMBERS
from training_status.run_states import ACTIVE_STATES


class _AnyHeader(msgspec.Struct):
    format: str = ""
    version: int = 0


def read_header(raw: bytes) -> Header:
    """Parse the first line. Raises InvalidInput, also for another version and for a run that was still active."""
    kind = decode(raw, _AnyHeader)
    if kind.format != FORMAT:
        raise InvalidInput("this is not an exported training run: its format must be " + FORMAT, field="format")
    if kind.version != VERSION:
        raise InvalidInput(
            f"this is version {kind.version} of the format; only version {VERSION} is supported", field="version"
        )
    header = decode(raw, Header)
    if header.run.state in ACTIVE_STATES:
        raise InvalidInput(
            "the run was still active when it was exported: export it again after it has ended",
            field="run.state",
        )
    _check_run(header.run)
    check_directions(header.domain.higher_is_better, field="domain.higher_is_better")
    for name, limited in (("domain", header.domain), ("run", header.run)):
        if (limited.cost_limit is None) != (limited.currency is None):
            raise InvalidInput(f"{name}.cost_limit and currency must both be given, or neither", field=name)
        if limited.currency is not None:
            check_currency(limited.currency, field=f"{name}.currency")
    for timing in header.phase_timings:
        check_time(timing.started_at, field="phase_timings.started_at")
        check_time(timing.ended_at, field="phase_timings.ended_at")
        check_time(timing.middle_at, field="phase_timings.middle_at")
    for mark in header.forecast_marks:
        check_time(mark.forecast_at, field="forecast_marks.forecast_at")
    for usage_mark in header.usage_forecast_marks:
        if usage_mark.currency:
            check_currency(usage_mark.currency, field="usage_forecast_marks.currency")
    if header.phase_timings and header.run.current_phase is None:
        raise InvalidInput("phase_timings and run.current_phase contradict each other", field="phase_timings")
    return header


def read_entry(raw: bytes) -> Entry:
    """Parse the line of a log entry. Raises InvalidInput."""
    entry = decode(raw, ExportedEntry)
    check_time(entry.timestamp, field="timestamp")
    check_level(entry.level, field="level")
    refuse_larger(entry.message, MESSAGE_MAX_BYTES, field="message")
    _check_metrics(entry.metrics, METRICS_MAX_BYTES, field="metrics")
    if (entry.progress_percent is None) != (entry.phase is None):
        raise InvalidInput("progress_percent and phase must both be given, or neither", field="phase")
    return Entry(**structs.asdict(entry) | {"level": LEVEL_NUMBERS[entry.level]})


def is_trailer(raw: bytes) -> bool:
    """Whether a line is the trailer."""
    return raw.startswith(b'{"end"')


def read_trailer(raw: bytes) -> Trailer:
    """Parse the last line. Raises InvalidInput."""
    trailer = decode(raw, Trailer)
    if trailer.end != FORMAT:
        raise InvalidInput("end must be " + FORMAT, field="end")
    return trailer


def _check_run(run: ExportedRun) -> None:
    """Check the limits that the types cannot express."""
    for name in run.__struct_fields__:
        if name.endswith("_at"):
            check_time(getattr(run, name), field=f"run.{name}")
    _check_metrics(run.metrics, METRICS_KEPT_MAX_BYTES + METRICS_MAX_BYTES, field="run.metrics")
    check_directions(run.higher_is_better, field="run.higher_is_better", max_bytes=DIRECTIONS_KEPT_MAX_BYTES)
    for name, max_bytes in (("config", CONFIG_MAX_BYTES), ("result", RESULT_MAX_BYTES)):
        refuse_unstorable(getattr(run, name), field=f"run.{name}")
        refuse_larger(_shortest(getattr(run, name)), max_bytes, field=f"run.{name}")
    for name, max_bytes in (
        ("note", NOTE_MAX_BYTES),
        ("message", MESSAGE_MAX_BYTES),
        ("phase_message", MESSAGE_MAX_BYTES),
        ("event_message", MESSAGE_MAX_BYTES),
        ("error_message", MESSAGE_MAX_BYTES),
    ):
        refuse_larger(getattr(run, name) or "", max_bytes, field=f"run.{name}")


def _check_metrics(metrics: dict[str, Any] | None, max_bytes: int, *, field: str) -> None:
    if metrics:
        check_metric_values(metrics, field=field)
        refuse_larger(_shortest(metrics), max_bytes, field=field)


def _shortest(value: Any) -> Any:
    """Return the value with large integers as floats where that is exact.

    PostgreSQL writes 1e300 as 301 digits, which must not count against the size limits.
    """
    if isinstance(value, dict):
        return {name: _shortest(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shortest(item) for item in value]
    if isinstance(value, int) and abs(value) > 2**53 and Decimal(repr(float(value))) == value:
        return float(value)
    return value
