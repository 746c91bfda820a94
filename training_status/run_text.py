"""How a run is described to people: durations, ages, moments, its state, the time left and what that is based on.

`docs/formatting.md` has the rules and `docs/formatting.json` the texts. The service and the tracker are installed apart
and each have this file: the copies are the same, which a test holds them to. `run_text.js` does the same for the pages.

A `run` is a status object or a run object of the API. `now` is the time by the service's clock.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

Run = Mapping[str, Any]

MINUTE_S: Final = 60
HOUR_S: Final = 3600
_SECONDS_BELOW_S: Final = 10 * MINUTE_S  # from there on a duration has no seconds
_JUST_NOW_BELOW_S: Final = 2
_UNDER_A_MINUTE_S: Final = 50  # shown as less than a minute
_LINEAR_TOLERANCE_S: Final = 5
_LEAST_PART: Final = 0.15  # of a forecast remains, however long no report is received, as in `forecast.learned`
_DONE_AT_MOST: Final = 99


def duration_text(seconds: float | None) -> str:
    """`350 ms`, `40 s`, `3 min 20 s`, `12 min`, `1 h 20 min`, `2 d 3 h`; a negative one is `0 s`, None a dash."""
    if seconds is None:
        return "–"
    milliseconds = _rounded(seconds * 1000) if 0 < seconds < 1 else 0
    if 0 < milliseconds < 1000:
        return f"{milliseconds} ms"
    whole = max(0, _rounded(seconds))
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < _SECONDS_BELOW_S:
        return _two_units(whole, "min", MINUTE_S, "s")
    minutes = _rounded(whole / MINUTE_S)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return _two_units(minutes, "h", 60, "min")
    return _two_units(_rounded(whole / HOUR_S), "d", 24, "h")


def age_text(seconds: float) -> str:
    """`3 min 20 s ago`; `just now` for less than two seconds, and for what a wrong clock puts into the future."""
    return "just now" if seconds < _JUST_NOW_BELOW_S else f"{duration_text(seconds)} ago"


def seconds_since(timestamp: str, now: datetime) -> float:
    """The seconds from a timestamp of the API to `now`."""
    return (now - datetime.fromisoformat(timestamp)).total_seconds()


def moment_text(timestamp: str, *, with_seconds: bool = False) -> str:
    """`20 Jan 2026, 15:05 UTC`. The pages say it in the language and time zone of the reader."""
    moment = datetime.fromisoformat(timestamp).astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC" if with_seconds else f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def state_text(run: Run) -> str:
    """The status with its health or failure reason: `training, stalled`, `failed: cancelled`."""
    if run["failure_reason"]:
        return f"{run['status']}: {run['failure_reason']}"
    return f"{run['status']}, {run['health']}" if _is_silent(run) else str(run["status"])


def state_class(run: Run) -> str:
    """What a state looks like, the name of a CSS class: `stalled`, `hanging`, `lost`, `cancelled`, or the status."""
    if _is_silent(run):
        return str(run["health"])
    return str(run["failure_reason"] if run["failure_reason"] in ("lost", "cancelled") else run["status"])


def time_left_text(run: Run, now: datetime) -> str:
    """`about 5 min left`, or why that is not known; empty for a run that has ended. Never 0 while it goes on."""
    if run["status"] == "pending":
        return "not started"
    if run["status"] != "training":
        return ""
    if run["health"] != "ok":
        return f"unknown ({run['health']})"
    forecast = run.get("forecast")  # a service of an earlier version has none
    completion = forecast["completion"] if forecast else run["estimated_completion"]
    if completion is None:
        return "estimating…"
    left_s = -seconds_since(completion, now)
    latest_s = -seconds_since(forecast["high"], now) if forecast else left_s + _LINEAR_TOLERANCE_S
    if latest_s < 0:
        return "taking longer than expected"
    if forecast:
        reported = datetime.fromisoformat(run["last_report_at"])
        left_s = max(left_s, _LEAST_PART * -seconds_since(completion, reported))
    return "less than a minute left" if left_s < _UNDER_A_MINUTE_S else f"about {_rough_duration(left_s)} left"


def forecast_basis_text(forecast: Mapping[str, Any] | None) -> str:
    """What a forecast is based on: `based on 4 earlier runs`; empty without a forecast."""
    if forecast is None:
        return ""
    number = forecast["based_on_runs"]
    noun = "run" if number == 1 else "runs"
    if forecast["method"] == "history":
        return f"based on {number:,} earlier {noun}"
    if forecast["method"] == "shares":
        return f"based on {number:,} {noun} of other domains"
    better_in = f", which was more accurate in {number:,} earlier {noun}" if number else ""
    return f"based on the current pace{better_in}"


def elapsed_text(run: Run, now: datetime) -> str:
    """`5 min so far`, or `5 min total` once the run has ended; empty before it has started."""
    if run["started_at"] is None:
        return ""
    if run["completed_at"] is None:
        return f"{duration_text(seconds_since(run['started_at'], now))} so far"
    return f"{duration_text(seconds_since(run['started_at'], datetime.fromisoformat(run['completed_at'])))} total"


def step_percent(step: Mapping[str, Any]) -> int:
    """How much of a phase is done, in percent: 99 at most until it is completed, as for the whole run."""
    progress: int = step["progress"]
    return progress if step["status"] == "completed" else min(progress, _DONE_AT_MOST)


def _is_silent(run: Run) -> bool:
    return run["health"] in ("stalled", "hanging")


def _rough_duration(seconds: float) -> str:
    """In minutes; from an hour on in steps of five."""
    step_s = MINUTE_S if seconds < HOUR_S else 5 * MINUTE_S
    return duration_text(_rounded(seconds / step_s) * step_s)


def _two_units(count: int, large: str, size: int, small: str) -> str:
    whole, rest = divmod(count, size)
    return f"{whole:,} {large} {rest} {small}" if rest else f"{whole:,} {large}"


def _rounded(number: float) -> int:
    """To a whole number, halves up, as in JavaScript."""
    return math.floor(number + 0.5)
