"""The tables of a run's page."""

from datetime import datetime
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime

from training_status.models import TrainingRun
from training_status.serializers.times import milliseconds_between, utc_text
from training_status.templatetags.status_words import metric_value

# Elsewhere on the page, or a page of their own.
_SHOWN_ELSEWHERE = {
    "id",
    "domain_id",
    "run_number",
    "config",
    "tags",
    "note",
    "message",
    "metrics",
    "error_message",
    "result",
}
_STORED = tuple(field.attname for field in TrainingRun._meta.concrete_fields if field.attname not in _SHOWN_ELSEWHERE)


class PhaseRow(NamedTuple):
    """A phase with its progress, its start and its end (None: not yet), and how long it took or has taken."""

    name: str
    status: str
    progress: int
    started_at: str | None
    ended_at: str | None
    duration_ms: int | None


class MetricRow(NamedTuple):
    """A metric beside that of the baseline; `difference` is empty where there is nothing to subtract."""

    name: str
    value: str
    baseline: str
    difference: str


def phase_rows(run: dict[str, Any], now: datetime) -> list[PhaseRow]:
    """All seven, in order. Made of the run object."""
    times = {time["phase"]: time for time in run["phase_times"]}
    return [_phase_row(step, times.get(step["name"]), now) for step in run["steps"]]


def metric_rows(metrics: dict[str, Any], baseline: dict[str, Any] | None) -> list[MetricRow]:
    """Every metric that the run or its baseline has, by name."""
    earlier = baseline or {}
    return [
        MetricRow(
            name,
            metric_value(metrics.get(name)),
            metric_value(earlier.get(name)),
            _difference(metrics.get(name), earlier.get(name)),
        )
        for name in sorted(metrics.keys() | earlier.keys())
    ]


def stored_facts(run: TrainingRun) -> list[tuple[str, Any]]:
    """The run's fields as they are stored, by name; times as the API writes them."""
    values = [(name, getattr(run, name)) for name in _STORED]
    return [(name, utc_text(value) if isinstance(value, datetime) else value) for name, value in values]


def _phase_row(step: dict[str, Any], time: dict[str, Any] | None, now: datetime) -> PhaseRow:
    started_at, ended_at = (time["started_at"], time["ended_at"]) if time else (None, None)
    until = parse_datetime(ended_at) if ended_at else now
    lasted = milliseconds_between(parse_datetime(started_at), until or now) if started_at else None
    return PhaseRow(step["name"], step["status"], step["progress"], started_at, ended_at, lasted)


def _difference(value: Any, earlier: Any) -> str:
    numbers = [
        number for number in (value, earlier) if isinstance(number, int | float) and not isinstance(number, bool)
    ]
    return f"{value - earlier:+.3g}" if len(numbers) == 2 else ""
