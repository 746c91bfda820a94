"""The learned forecast: from earlier runs of the domain, else from other domains, else the linear formula.

An `Estimate` is computed when a run makes progress. A forecast at any later moment is simple arithmetic on it.
`benchmarks/forecasts.py` measures the accuracy.
"""

import math
from typing import NamedTuple

import msgspec

from training_status.forecast import parameters
from training_status.forecast.calibration import Calibration, Guess
from training_status.forecast.expectation import Expectation, specified
from training_status.forecast.formula import formula
from training_status.forecast.time_left import RunProgress, TimeLeft, time_left
from training_status.forecast_methods import LINEAR, SHARES
from training_status.phases import PHASES


class Learned(msgspec.Struct, frozen=True, rename={"calibration": "verdict"}):
    """What earlier runs have taught when a run begins; `expected` is None without usable runs.

    Stored as JSON: the names stored must not change.
    """

    expected: Expectation | None = None
    calibration: Calibration = Calibration()


class RunMoment(NamedTuple):
    """A run at a report: its progress, and the seconds since its start."""

    progress: RunProgress
    elapsed_s: float

    @property
    def part_done(self) -> float:
        """The part of the run that is done by the specified shares, 0 to 1."""
        phase = PHASES[self.progress.phase]
        return (phase.start + self.progress.fraction * (phase.end - phase.start)) / 100


class Estimate(msgspec.Struct, frozen=True):
    """The seconds left at a report, their sigma, and the usual gap between reports.

    Stored as JSON: the names of the fields must not change.
    """

    method: str
    based_on_runs: int
    left_s: float
    sigma: float
    usual_gap_s: float


class Guesses(NamedTuple):
    """The forecasts of the formula and of the learned model, stored separately so that they can be scored."""

    linear: Guess
    learned: Guess | None


class Forecast(NamedTuple):
    """Seconds left, and the range that contains the actual value in 80 of 100 cases."""

    left_s: float
    low_s: float
    high_s: float


def expected_phase_s(learned: Learned) -> list[float] | None:
    """Return the seconds that each phase was expected to take when the run began; None if that is unknown."""
    expected = learned.expected
    if expected is None or expected.pace_sigma is None:
        return None
    return [math.exp(log) for log in expected.log_seconds]


def usual_gap(before_s: float, gap_s: float) -> float:
    """Return the longest of the recent gaps between reports; older gaps decay."""
    return max(gap_s, before_s * parameters.GAP_DECAY)


def guesses(learned: Learned, moment: RunMoment) -> Guesses | None:
    """Return both forecasts; None before any progress."""
    if moment.part_done <= 0:
        return None
    return Guesses(linear_guess(moment), None if learned.expected is None else learned_guess(learned.expected, moment))


def linear_guess(moment: RunMoment) -> Guess:
    """Return the forecast of the linear formula for a run that has made progress."""
    done = moment.part_done
    return formula(moment.elapsed_s / done * (1 - done), moment.progress)


def learned_guess(expected: Expectation, moment: RunMoment) -> Guess:
    """Return the forecast of what was learned."""
    found = time_left(expected, moment.progress)
    if expected.method == SHARES:
        by_specified_shares = time_left(specified(parameters.ROUGHLY_TRUE_SIGMA), moment.progress)
        found = _mixture(by_specified_shares, found, expected.prior_weight)
    return Guess(math.exp(found.log_s), found.sigma)


def estimate(learned: Learned, guessed: Guesses, usual_gap_s: float) -> Estimate:
    """Combine the guesses by their calibration. Without earlier runs, this is exactly the linear formula."""
    calibration = learned.calibration
    if learned.expected is None or guessed.learned is None or calibration.linear_weight == 1:
        runs = calibration.runs if learned.expected is not None else 0
        return Estimate(
            LINEAR, runs, guessed.linear.left_s, guessed.linear.sigma * calibration.linear_factor, usual_gap_s
        )
    left_s = guessed.learned.left_s * (guessed.linear.left_s / guessed.learned.left_s) ** calibration.linear_weight
    sigma = guessed.learned.sigma * calibration.learned_factor
    return Estimate(learned.expected.method, learned.expected.runs, left_s, sigma, usual_gap_s)


def forecast(made: Estimate, *, since_s: float, linear_left_s: float) -> Forecast:
    """Return the forecast `since_s` seconds after the estimate. `linear_left_s` is what the formula gives now."""
    if made.method == LINEAR:
        return ranged(linear_left_s, made.sigma)
    waited_s = min(since_s, made.usual_gap_s or since_s)
    left_s = max(made.left_s - waited_s, parameters.LEFT_MIN_PART * made.left_s)
    return ranged(left_s, made.sigma)


def ranged(left_s: float, sigma: float) -> Forecast:
    """Return the forecast with the range that `sigma`, that of its logarithm, gives."""
    factor = math.exp(parameters.RANGE_SIGMAS * min(sigma, parameters.SIGMA_MAX))
    return Forecast(left_s, left_s / factor, left_s * factor)


def _mixture(linear: TimeLeft, shares: TimeLeft, weight: float) -> TimeLeft:
    """Mix both, weighted by how well each fits the run so far. `weight` is the prior weight of `shares`."""
    odds = math.exp(max(-30.0, min(30.0, shares.log_evidence - linear.log_evidence)))
    weight = odds * weight / (odds * weight + 1 - weight)
    mean = (1 - weight) * linear.log_s + weight * shares.log_s
    variance = (1 - weight) * (linear.sigma**2 + (linear.log_s - mean) ** 2) + weight * (
        shares.sigma**2 + (shares.log_s - mean) ** 2
    )
    return TimeLeft(mean, math.sqrt(variance), max(linear.log_evidence, shares.log_evidence))
