"""The learned forecast: from earlier runs of the domain, else from other domains, else the specified formula.

An `Estimate` is made when a run has moved on; what is said at any later moment is arithmetic on it. Measured in
`benchmarks/forecasts.py` over generated runs.
"""

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from training_status.forecast.experience import Expectation, specified
from training_status.forecast.formula import formula
from training_status.forecast.scoring import Calibration, Guess
from training_status.forecast.time_left import Course, TimeLeft, time_left
from training_status.forecast_methods import LINEAR, SHARES
from training_status.phases import PHASES

_SIGMAS: Final = 1.28  # of a normal distribution, to have 80 of 100 between
_LEAST_PART: Final = 0.15  # of the estimate, however long nothing is heard
_GAPS: Final = 1.5
_GAP_FADES: Final = 0.8
_WAITING_SIGMA: Final = 0.15
_LEAST_SIGMA: Final = 0.03
_MOST_SIGMA: Final = 5.0  # from a 600th to 600 times: whoever says more says nothing


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known when a run begins; `expected` None: nothing."""

    expected: Expectation | None = None
    verdict: Calibration = field(default_factory=Calibration)


class Moved(NamedTuple):
    """A run that has moved on: its course, and the seconds since its start."""

    course: Course
    elapsed_s: float

    @property
    def part_done(self) -> float:
        """By the specified shares, 0 to 1."""
        phase = PHASES[self.course.phase]
        return (phase.start + self.course.fraction * (phase.end - phase.start)) / 100


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds left when a run had moved on, how far off they may be, and what lies between its reports."""

    method: str
    based_on_runs: int
    left_s: float
    sigma: float
    usual_gap_s: float


class Guesses(NamedTuple):
    """What the formula and what was learned say, each by itself, to be compared with what happens."""

    linear: Guess
    learned: Guess | None


class Forecast(NamedTuple):
    """Seconds left, and the range that is to hold the truth in 80 of 100 cases."""

    left_s: float
    low_s: float
    high_s: float


def expected_phase_s(learned: Learned) -> list[float] | None:
    """The seconds that each phase was expected to take when the run began; None where that is not known."""
    expected = learned.expected
    if expected is None or expected.pace_sigma is None:
        return None
    return [math.exp(log) for log in expected.log_seconds]


def usual_gap(before_s: float, gap_s: float) -> float:
    """The longest of the last gaps between reports, the older ones counting less."""
    return max(gap_s, before_s * _GAP_FADES)


def guesses(learned: Learned, moved: Moved) -> Guesses | None:
    """None before anything is done."""
    done = moved.part_done
    if done <= 0:
        return None
    linear = formula(moved.elapsed_s / done * (1 - done), moved.course)
    if learned.expected is None:
        return Guesses(linear, None)
    found = time_left(learned.expected, moved.course)
    if learned.expected.method == SHARES:
        found = _mixed(time_left(specified(), moved.course), found, learned.expected.believed)
    return Guesses(linear, Guess(math.exp(found.log_s), found.sigma))


def estimate(learned: Learned, guessed: Guesses, usual_gap_s: float) -> Estimate:
    """Of the guesses the one that has been better so far. With nothing learned it is exactly the linear formula."""
    score = learned.verdict
    if learned.expected is None or guessed.learned is None or score.linear_weight == 1:
        runs = score.runs if learned.expected is not None else 0
        return Estimate(LINEAR, runs, guessed.linear.left_s, guessed.linear.sigma * score.linear_factor, usual_gap_s)
    left_s = guessed.learned.left_s * (guessed.linear.left_s / guessed.learned.left_s) ** score.linear_weight
    sigma = guessed.learned.sigma * score.learned_factor
    return Estimate(learned.expected.method, learned.expected.runs, left_s, sigma, usual_gap_s)


def forecast(made: Estimate, *, since_s: float, linear_left_s: float) -> Forecast:
    """What is said so many seconds after the estimate. `linear_left_s` is what the formula says by now."""
    if made.method == LINEAR:
        return _ranged(linear_left_s, made.sigma)
    waited_s = min(since_s, _GAPS * made.usual_gap_s or since_s)
    left_s = max(made.left_s - waited_s, _LEAST_PART * made.left_s)
    waiting = _WAITING_SIGMA * min(since_s, made.usual_gap_s) / max(left_s, 1e-9)
    return _ranged(left_s, math.hypot(made.sigma, waiting, _LEAST_SIGMA))


def _mixed(linear: TimeLeft, shares: TimeLeft, believed: float) -> TimeLeft:
    """Both, each as far as the run so far speaks for it."""
    odds = math.exp(max(-30.0, min(30.0, shares.log_evidence - linear.log_evidence)))
    believed = odds * believed / (odds * believed + 1 - believed)
    mean = (1 - believed) * linear.log_s + believed * shares.log_s
    variance = (1 - believed) * (linear.sigma**2 + (linear.log_s - mean) ** 2) + believed * (
        shares.sigma**2 + (shares.log_s - mean) ** 2
    )
    return TimeLeft(mean, math.sqrt(variance), max(linear.log_evidence, shares.log_evidence))


def _ranged(left_s: float, sigma: float) -> Forecast:
    factor = math.exp(_SIGMAS * min(sigma, _MOST_SIGMA))
    return Forecast(left_s, left_s / factor, left_s * factor)
