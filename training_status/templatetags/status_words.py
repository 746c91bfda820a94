"""Template filters that format a status object."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from django import template
from django.utils.dateparse import parse_datetime

from training_status.forecast.scoring import MARKS
from training_status.forecast_methods import HISTORY, LINEAR, SHARES
from training_status.number_text import exact_number_text, is_number, metric_text, number_text, percent_text
from training_status.phases import STEP_COMPLETED
from training_status.read.forecast_scores import MethodScore, Score
from training_status.visible_text import one_line, visible_text

register = template.Library()

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


@register.filter
def words(name: str) -> str:
    """`entity_f1` as `entity f1`."""
    return visible_text(name).replace("_", " ")


@register.filter
def pairs(metrics: dict[str, Any]) -> list[tuple[str, Any]]:
    """Pairs of name and value, sorted by name. In a template, `metrics.items` would be the metric named "items"."""
    return sorted(metrics.items())


@register.filter
def clock(text: str) -> str:
    """Formats a timestamp: `20 Jan 2026, 15:05`."""
    moment = parse_datetime(text)
    return "" if moment is None else f"{moment.day} {moment:%b %Y, %H:%M}"


@register.filter
def state_words(run: dict[str, Any]) -> str:
    """The state with its health or failure reason: `training, stalled`, `failed: cancelled`."""
    if run["failure_reason"]:
        return f"{run['status']}: {run['failure_reason']}"
    if run["health"] in ("stalled", "hanging"):
        return f"{run['status']}, {run['health']}"
    return str(run["status"])


@register.filter
def state_class(run: dict[str, Any]) -> str:
    """The CSS class of a state: its health when stalled or hanging, else its status."""
    return run["health"] if run["health"] in ("stalled", "hanging") else run["status"]


@register.filter
def time_left(run: dict[str, Any], now: datetime) -> str:
    """The time to the forecast completion: `about 5 min`, or why there is none."""
    if run["status"] != "training":
        return "" if run["status"] != "pending" else "not started"
    if run["health"] != "ok":
        return "unknown"
    told = run["forecast"]["completion"] if run["forecast"] else run["estimated_completion"]
    completion = parse_datetime(told) if told else None
    if completion is None:
        return "estimating…"
    seconds = (completion - now).total_seconds()
    for unit, length in _UNITS:
        if seconds >= length:
            return f"about {round(seconds / length)} {unit}"
    return "less than a minute"


@register.filter
def forecast_basis(run: dict[str, Any]) -> str:
    """What the forecast is based on: `based on 4 earlier runs`; empty without a forecast."""
    told = run["forecast"]
    if told is None:
        return ""
    runs = told["based_on_runs"]
    many = f"{runs} run" if runs == 1 else f"{runs} runs"
    if told["method"] == HISTORY:
        return f"based on {many.replace(' ', ' earlier ')}"
    if told["method"] == SHARES:
        return f"based on {many} of other domains"
    return "based on the current pace"


@register.filter
def method_words(method: str) -> str:
    """The name of a forecast method."""
    return {HISTORY: "earlier runs", SHARES: "other domains", LINEAR: "current pace"}[method]


@register.filter
def percent(part: float) -> str:
    """Formats a fraction as a percentage. Only 0 and 1 are 0 % and 100 %."""
    return percent_text(part)


@register.filter
def step_percent(step: dict[str, Any]) -> int:
    """The percentage of a phase, at most 99 until it is completed, as for the whole run."""
    progress: int = step["progress"]
    return progress if step["status"] == STEP_COMPLETED else min(progress, 99)


@register.filter
def count(number: int) -> str:
    """Formats an integer: `1,234,567`."""
    return number_text(number)


@register.filter
def at_marks(score: MethodScore) -> list[Score | None]:
    """The scores at each mark, in order; None without a forecast at the mark."""
    return [score.by_percent.get(mark) for mark in MARKS]


@register.filter
def duration(milliseconds: int | None) -> str:
    """Formats a duration with its two largest units: `1 h 20 min`; a dash for None."""
    if milliseconds is None:
        return "–"
    seconds = milliseconds // 1000
    for (unit, length), (small_unit, small_length) in pairwise((*_UNITS, ("s", 1))):
        if seconds >= length:
            large, small = seconds // length, seconds % length // small_length
            return f"{large} {unit} {small} {small_unit}" if small else f"{large} {unit}"
    return f"{seconds} s"


@register.filter
def ago(text: str, now: datetime) -> str:
    """Formats the age of a timestamp in its largest unit: `3 min ago`."""
    moment = parse_datetime(text)
    seconds = 0.0 if moment is None else (now - moment).total_seconds()
    for unit, length in (*_UNITS, ("s", 1)):
        if seconds >= max(length, 2):
            return f"{int(seconds // length)} {unit} ago"
    return "just now"


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
