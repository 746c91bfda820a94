"""The tables of a run's page in the admin: phases, metrics and stored fields."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime

from training_status.models import TrainingRun
from training_status.number_text import difference_text, digits_to_tell_apart, is_number, metric_text
from training_status.run_text import step_percent
from training_status.serializers.times import milliseconds_between, utc_text
from training_status.templatetags.run_format import exact_beyond

# Shown elsewhere on the page or on another page.
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
    """A phase with its progress, its start and end (None: not yet), and its duration so far."""

    name: str
    status: str
    progress: int
    started_at: str | None
    ended_at: str | None
    duration_ms: int | None


class MetricCell(NamedTuple):
    """A formatted metric. `exact` has all digits if `text` is rounded, else it is empty."""

    text: str
    exact: str


class MetricRow(NamedTuple):
    """A metric and that of the baseline.

    `difference` is empty unless both are numbers. `judgement` is `better` or `worse`, or empty where that is unknown.
    """

    name: str
    value: MetricCell
    baseline: MetricCell
    difference: str
    judgement: str


def phase_rows(run: dict[str, Any], now: datetime) -> list[PhaseRow]:
    """Return all phases in order, from the run object of the API."""
    times = {time["phase"]: time for time in run["phase_times"]}
    until = parse_datetime(run["completed_at"]) if run["completed_at"] else now
    return [_phase_row(step, times.get(step["name"]), until or now) for step in run["steps"]]


def metric_rows(run: dict[str, Any]) -> list[MetricRow]:
    """Return every metric of the run or its baseline by name, from the run object of the API."""
    metrics, earlier, directions = run["metrics"], run["baseline_metrics"] or {}, run["higher_is_better"]
    names = sorted(metrics.keys() | earlier.keys())
    return [_metric_row(name, metrics.get(name), earlier.get(name), directions.get(name)) for name in names]


def stored_facts(run: TrainingRun) -> list[tuple[str, Any]]:
    """Return the stored fields of the run by name; times are formatted as in the API."""
    values = [(name, getattr(run, name)) for name in _STORED]
    return [(name, _fact_text(value)) for name, value in values]


def _fact_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _phase_row(step: dict[str, Any], time: dict[str, Any] | None, until: datetime) -> PhaseRow:
    started_at, ended_at = (time["started_at"], time["ended_at"]) if time else (None, None)
    end = parse_datetime(ended_at) if ended_at else until
    lasted = milliseconds_between(parse_datetime(started_at), end or until) if started_at else None
    return PhaseRow(step["name"], step["status"], step_percent(step), started_at, ended_at, lasted)


def _metric_row(name: str, value: Any, earlier: Any, is_higher_better: bool | None) -> MetricRow:
    digits = digits_to_tell_apart([number for number in (value, earlier) if is_number(number)])
    own, baseline = (MetricCell(text := metric_text(one, digits), exact_beyond(text, one)) for one in (value, earlier))
    if not (is_number(value) and is_number(earlier)):
        return MetricRow(name, own, baseline, "", "")
    judgement = ""
    if value != earlier and is_higher_better is not None:
        judgement = "better" if (value > earlier) == is_higher_better else "worse"
    return MetricRow(name, own, baseline, difference_text(value, earlier), judgement)
