"""The stored forecast of a run: what was learned before it, and its latest estimate."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from training_status.forecast import parameters
from training_status.forecast.calibration import MARKS, Guess
from training_status.forecast.learned import Estimate, Learned, RunMoment, estimate, forecast, guesses, usual_gap
from training_status.forecast.time_left import RunProgress
from training_status.phases import PHASES


class StoredEstimate(msgspec.Struct, frozen=True):
    """An estimate, with the time on the service's clock and the percentage at which it was made.

    Stored as JSON: the names of the fields must not change.
    """

    made: Estimate
    at: datetime
    percent: float

    @property
    def method(self) -> str:
        return self.made.method

    @property
    def based_on_runs(self) -> int:
        return self.made.based_on_runs


class Completion(NamedTuple):
    """When a run will be completed, and the range that contains the actual time in 80 of 100 cases."""

    at: datetime
    low: datetime
    high: datetime


class Mark(NamedTuple):
    """What is stored at a percentage of the run for the calibration: the forecasts, and the range that was shown."""

    percent: int
    estimate: StoredEstimate
    low_s: float
    high_s: float
    linear: Guess
    learned: Guess | None


def is_due(last: StoredEstimate | None, *, at: datetime, percent: float) -> bool:
    """Whether a run has progressed far or long enough to compute another estimate."""
    return (
        last is None
        or percent >= last.percent + parameters.ESTIMATE_EVERY_PERCENT
        or at >= last.at + timedelta(seconds=parameters.ESTIMATE_EVERY_S)
        or _mark(last.percent, percent) is not None
    )


def next_estimate(
    learned: Learned,
    progress: RunProgress,
    *,
    elapsed_s: float,
    at: datetime,
    percent: float,
    last: StoredEstimate | None,
) -> tuple[StoredEstimate, Mark | None] | None:
    """Return the estimate for a run that has progressed, with the mark that it reached. None before any progress."""
    guessed = guesses(learned, RunMoment(progress, elapsed_s))
    if guessed is None:
        return None
    gap_s = usual_gap(last.made.usual_gap_s, (at - last.at).total_seconds()) if last else 0.0
    stored = StoredEstimate(estimate(learned, guessed, gap_s), at, percent)
    reached = _mark(last.percent if last else 0.0, percent)
    if reached is None:
        return stored, None
    shown = forecast(stored.made, since_s=0.0, linear_left_s=guessed.linear.left_s)
    return stored, Mark(reached, stored, shown.low_s, shown.high_s, *guessed)


def completion(stored: StoredEstimate, *, now: datetime, linear_left_s: float) -> Completion | None:
    """Return what is shown at `now`; None for a time beyond the year 9999."""
    since_s = max(0.0, (now - stored.at).total_seconds())
    shown = forecast(stored.made, since_s=since_s, linear_left_s=linear_left_s)
    try:
        return Completion(*(now + timedelta(seconds=seconds) for seconds in shown))
    except OverflowError:
        return None


def learned_from_json(text: str) -> Learned | None:
    """Decode the column `learned`; None if it was stored with another list of phases."""
    learned = msgspec.json.decode(text, type=Learned)
    if learned.expected is not None and len(learned.expected.log_seconds) != len(PHASES):
        return None
    return learned


def estimate_from_json(text: str | None) -> StoredEstimate | None:
    """Decode the column `estimate`; None for NULL."""
    return None if text is None else msgspec.json.decode(text, type=StoredEstimate)


def as_json(value: Any) -> str:
    """Encode a value for a jsonb column."""
    return msgspec.json.encode(value).decode()


def _mark(before: float, percent: float) -> int | None:
    """Return the highest mark that was reached between two percentages."""
    return max((mark for mark in MARKS if before < mark <= percent), default=None)
