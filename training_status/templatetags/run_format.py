"""Template filters that describe runs, metrics and texts; see `docs/formatting.md`."""

from datetime import datetime
from typing import Any

from django import template

from training_status import run_text
from training_status.forecast.calibration import MARKS
from training_status.forecast_methods import HISTORY, LINEAR, SHARES
from training_status.number_text import exact_number_text, is_number, metric_text, number_text, percent_text
from training_status.read.forecast_scores import MethodScore, Score
from training_status.read.usage_forecast_scores import UsageMethodScore, UsageScore
from training_status.visible_text import one_line, visible_text

register = template.Library()

register.filter("state_text", run_text.state_text)
register.filter("state_class", run_text.state_class)
register.filter("time_left", run_text.time_left_text)
register.filter("elapsed", run_text.elapsed_text)
register.filter("step_percent", run_text.step_percent)


@register.filter
def display_name(name: str) -> str:
    """`entity_f1` as `entity f1`."""
    return one_line(name).replace("_", " ")


@register.filter
def pairs(metrics: dict[str, Any]) -> list[tuple[str, Any]]:
    """Pairs of name and value, sorted by name. In a template, `metrics.items` would be the metric named "items"."""
    return sorted(metrics.items())


@register.filter
def moment(timestamp: str) -> str:
    """Formats a timestamp: `20 Jan 2026, 15:05 UTC`."""
    return run_text.moment_text(timestamp)


@register.filter
def moment_with_seconds(timestamp: str) -> str:
    """The same with seconds."""
    return run_text.moment_text(timestamp, with_seconds=True)


@register.filter
def progress_text(run: dict[str, Any]) -> str:
    """The progress for screen readers: `27 percent, loading data`."""
    return f"{run['progress']} percent, {display_name(run['current_step'])}"


@register.filter
def forecast_basis(run: dict[str, Any]) -> str:
    """What the forecast is based on: `based on 4 earlier runs`; empty without a forecast."""
    return run_text.forecast_basis_text(run["forecast"])


@register.filter
def method_name(method: str) -> str:
    """The name of a forecast method."""
    return {HISTORY: "earlier runs", SHARES: "other domains", LINEAR: "current pace"}[method]


@register.filter
def percent(part: float) -> str:
    """Formats a fraction as a percentage. Only 0 and 1 are 0 % and 100 %."""
    return percent_text(part)


@register.filter
def count(number: int) -> str:
    """Formats an integer: `1,234,567`."""
    return number_text(number)


@register.filter
def at_marks(score: MethodScore | UsageMethodScore) -> list[Score | UsageScore | None]:
    """The scores at each mark, in order; None without a forecast at the mark."""
    return [score.by_percent.get(mark) for mark in MARKS]


@register.filter
def duration(milliseconds: int | None) -> str:
    """Formats a duration: `1 h 20 min`; a dash for None."""
    return run_text.duration_text(None if milliseconds is None else milliseconds / 1000)


@register.filter
def age(timestamp: str, now: datetime) -> str:
    """Formats the age of a timestamp: `3 min 20 s ago`."""
    return run_text.age_text(run_text.seconds_since(timestamp, now))


@register.filter
def visible(text: Any) -> str:
    """Text with hidden characters made visible and terminal sequences removed."""
    return visible_text(str(text))


@register.filter
def visible_line(text: Any) -> str:
    """The same in one line."""
    return one_line(str(text))


@register.filter
def hidden_in(text: Any) -> str:
    """The visible text of a form field when it differs from what the field shows; else empty."""
    typed = str(text).replace("\r\n", "\n") if isinstance(text, str) else ""
    shown = visible_text(typed)
    return shown if shown != typed else ""


@register.filter
def visible_message(text: str) -> str:
    """A log message as visible text, with the targets of its links."""
    return visible_text(text, link_targets=True)


@register.filter
def metric_value(value: Any) -> str:
    """Formats a metric: numbers by `number_text`, null as a dash."""
    return metric_text(value)


@register.filter
def exact_value(value: Any) -> str:
    """The exact value of a metric when `metric_value` rounds it; else empty."""
    return exact_beyond(metric_text(value), value)


def exact_beyond(text: str, value: Any) -> str:
    """The exact value of a metric when its formatted `text` is rounded; else empty."""
    exact = exact_number_text(value) if is_number(value) else text
    return "" if exact == text else exact
