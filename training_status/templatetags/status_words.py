"""A status object in words, for pages."""

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
    """Names and values by name. A template's own `metrics.items` would be the metric called "items"."""
    return sorted(metrics.items())


@register.filter
def clock(text: str) -> str:
    """A time of the status object as `20 Jan 2026, 15:05`."""
    moment = parse_datetime(text)
    return "" if moment is None else f"{moment.day} {moment:%b %Y, %H:%M}"


@register.filter
def state_words(run: dict[str, Any]) -> str:
    """The run's state with what qualifies it: `training, stalled`, `failed: cancelled`."""
    if run["failure_reason"]:
        return f"{run['status']}: {run['failure_reason']}"
    if run["health"] in ("stalled", "hanging"):
        return f"{run['status']}, {run['health']}"
    return str(run["status"])


@register.filter
def state_class(run: dict[str, Any]) -> str:
    """The state as a CSS class; what is unwell has the class of its ill."""
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
    """What the forecast is based on: `from 4 earlier runs`; nothing without one."""
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
    """What a forecast is based on, of whichever run."""
    return {HISTORY: "earlier runs", SHARES: "other domains", LINEAR: "current pace"}[method]


@register.filter
def percent(part: float) -> str:
    """A part of 1 as `12 %`. Only 0 and 1 are 0 % and 100 %."""
    return percent_text(part)


@register.filter
def step_percent(step: dict[str, Any]) -> int:
    """How much of a phase is done, in percent: 99 at most until it is completed, as of the whole run."""
    progress: int = step["progress"]
    return progress if step["status"] == STEP_COMPLETED else min(progress, 99)


@register.filter
def count(number: int) -> str:
    """How many there are: `1,234,567`."""
    return number_text(number)


@register.filter
def at_marks(score: MethodScore) -> list[Score | None]:
    """The scores at each of the marks, in their order; None where nothing was forecast."""
    return [score.by_percent.get(mark) for mark in MARKS]


@register.filter
def duration(milliseconds: int | None) -> str:
    """A length of time with its two largest units: `1 h 20 min`; a dash where there is none."""
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
    """How long before `now` a time of the status object was, in its largest unit: `3 min ago`."""
    moment = parse_datetime(text)
    seconds = 0.0 if moment is None else (now - moment).total_seconds()
    for unit, length in (*_UNITS, ("s", 1)):
        if seconds >= max(length, 2):
            return f"{int(seconds // length)} {unit} ago"
    return "just now"


@register.filter
def visible(text: Any) -> str:
    """A text from a reporter, or from anybody, as people see it: nothing hidden, no terminal sequences."""
    return visible_text(str(text))


@register.filter
def visible_line(text: Any) -> str:
    """The same in one line."""
    return one_line(str(text))


@register.filter
def hidden_in(text: Any) -> str:
    """The text of a field as people see it, where that is not what the field shows: a field shows what it stores."""
    typed = str(text).replace("\r\n", "\n") if isinstance(text, str) else ""
    shown = visible_text(typed)
    return shown if shown != typed else ""


@register.filter
def visible_message(text: str) -> str:
    """A log message as people see it, with the targets of its links."""
    return visible_text(text, link_targets=True)


@register.filter
def metric_value(value: Any) -> str:
    """A metric as people read it: numbers as `number_text` says, null as a dash."""
    return metric_text(value)


@register.filter
def exact_value(value: Any) -> str:
    """Every digit of a metric, where `metric_value` does not show them all; else nothing."""
    return exact_beyond(metric_text(value), value)


def exact_beyond(text: str, value: Any) -> str:
    """Every digit of a metric that is shown as `text`, where the text does not have them all; else nothing."""
    exact = exact_number_text(value) if is_number(value) else text
    return "" if exact == text else exact
