"""What is kept of a run's forecast beside the run: what was learned at its start, and the estimate of the moment."""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from training_status.forecast.learned import Estimate, Learned, Moved, estimate, forecast, guesses, usual_gap
from training_status.forecast.scoring import MARKS, Guess
from training_status.forecast.time_left import Course
from training_status.phases import PHASES

_DUE_AFTER: Final = timedelta(seconds=1)
_DUE_AFTER_PERCENT: Final = 1.0


class StoredEstimate(msgspec.Struct, frozen=True):
    """An estimate and the moment, on the service's clock, and the percentage that it was made at."""

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
    """When a run will be completed, and the range that is to hold the truth in 80 of 100 cases."""

    at: datetime
    low: datetime
    high: datetime


class Mark(NamedTuple):
    """What is to be kept for the score: the guesses, and what is told, at a percentage of the run."""

    percent: int
    estimate: StoredEstimate
    low_s: float
    high_s: float
    linear: Guess
    learned: Guess | None


def is_due(last: StoredEstimate | None, *, at: datetime, percent: float) -> bool:
    """Whether a run has moved on by so much, or for so long, that another estimate is worth its work."""
    return (
        last is None
        or percent >= last.percent + _DUE_AFTER_PERCENT
        or at >= last.at + _DUE_AFTER
        or _mark(last.percent, percent) is not None
    )


def next_estimate(
    learned: Learned, course: Course, *, elapsed_s: float, at: datetime, percent: float, last: StoredEstimate | None
) -> tuple[StoredEstimate, Mark | None] | None:
    """The estimate for a run that has moved on, with the mark that it has come to. None before anything is done."""
    guessed = guesses(learned, Moved(course, elapsed_s))
    if guessed is None:
        return None
    gap_s = usual_gap(last.made.usual_gap_s, (at - last.at).total_seconds()) if last else 0.0
    kept = StoredEstimate(estimate(learned, guessed, gap_s), at, percent)
    reached = _mark(last.percent if last else 0.0, percent)
    if reached is None:
        return kept, None
    told = forecast(kept.made, since_s=0.0, linear_left_s=guessed.linear.left_s)
    return kept, Mark(reached, kept, told.low_s, told.high_s, *guessed)


def completion(kept: StoredEstimate, *, now: datetime, linear_left_s: float) -> Completion | None:
    """What is told at `now`; None beyond the calendar's end."""
    since_s = max(0.0, (now - kept.at).total_seconds())
    told = forecast(kept.made, since_s=since_s, linear_left_s=linear_left_s)
    try:
        return Completion(*(now + timedelta(seconds=seconds) for seconds in told))
    except OverflowError:
        return None


def learned_from_json(text: str) -> Learned | None:
    """As it was kept; None where it is of another list of phases, from before this one had changed."""
    learned = msgspec.json.decode(text, type=Learned)
    if learned.expected is not None and len(learned.expected.log_seconds) != len(PHASES):
        return None
    return learned


def estimate_from_json(text: str | None) -> StoredEstimate | None:
    """As it was kept; None for NULL."""
    return None if text is None else msgspec.json.decode(text, type=StoredEstimate)


def as_json(value: Any) -> str:
    """For a jsonb column."""
    return msgspec.json.encode(value).decode()


def _mark(before: float, percent: float) -> int | None:
    """The highest mark between two percentages."""
    return max((mark for mark in MARKS if before < mark <= percent), default=None)
