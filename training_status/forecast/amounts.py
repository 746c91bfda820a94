"""The amount that a run will have used at its end: what its model calls cost, or their tokens.

This is the estimator of the time left (`time_left`), with amounts in the place of seconds: what a phase usually uses,
times the pace of the run. Amounts are scaled to those of a usual run, because the bounds of `parameters` are seconds.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from training_status.forecast import parameters
from training_status.forecast.expectation import Expectation, RunTimes, of_same_domain, specified
from training_status.forecast.formula import formula
from training_status.forecast.learned import ranged
from training_status.forecast.time_left import RunProgress, time_left
from training_status.forecast_methods import LINEAR
from training_status.phases import PHASES

USUAL_AMOUNT: Final = 1000.0  # of a whole run, when scaled: about as many as a training has seconds
LEAST_AMOUNT: Final = 0.01  # of a phase that used nothing, when scaled: an amount of 0 has no logarithm
_NO_HALVES: Final = (None,) * len(PHASES)


class UsedAmounts(NamedTuple):
    """What an earlier run used in each phase, and its number of samples (None: unknown)."""

    by_phase: tuple[float, ...]
    sample_count: int | None = None


class AmountSoFar(NamedTuple):
    """What a run has used in each phase, and its progress: the current phase (its position) and the part done of it."""

    by_phase: Sequence[float]
    phase: int
    fraction: float


class ExpectedAmount(msgspec.Struct, frozen=True):
    """What earlier runs let expect, in multiples of `unit`. Stored as JSON: the names of the fields must not change."""

    expected: Expectation
    unit: float


class AmountForecast(msgspec.Struct, frozen=True):
    """The amount at the end of the run, with the range that contains the actual one in 80 of 100 cases.

    Stored as JSON: the names of the fields must not change.
    """

    total: float
    low: float
    high: float
    method: str
    based_on_runs: int


def expected_amount(runs: Sequence[UsedAmounts], sample_count: int | None, *, is_new: bool) -> ExpectedAmount | None:
    """Learn from runs of the domain, oldest first; None if none of them used anything.

    `is_new`: none had the next run's configuration, so that its pace may be any.
    """
    runs = [run for run in runs if sum(run.by_phase) > 0]
    if not runs:
        return None
    unit = statistics.median(sum(run.by_phase) for run in runs) / USUAL_AMOUNT
    scaled = [
        RunTimes(tuple(max(one / unit, LEAST_AMOUNT) for one in run.by_phase), _NO_HALVES, run.sample_count)
        for run in runs
    ]
    expected = of_same_domain(scaled, sample_count, is_new=is_new)
    return None if expected is None else ExpectedAmount(expected, unit)


def amount_forecast(so_far: AmountSoFar, learned: ExpectedAmount | None) -> AmountForecast | None:
    """Return the forecast, by what was learned or, without that, by the run's own pace.

    None where nothing that is done used anything and nothing was learned. A phase that used nothing says nothing about
    the pace.
    """
    used = sum(so_far.by_phase)
    unit = used / USUAL_AMOUNT if learned is None else learned.unit
    if unit <= 0:
        return None
    scaled = [one / unit for one in so_far.by_phase]
    progress = RunProgress(scaled[: so_far.phase], so_far.phase, so_far.fraction, scaled[so_far.phase])
    if learned is not None:
        found = time_left(learned.expected, progress)
        left, sigma = math.exp(found.log_s), found.sigma
        method, runs = learned.expected.method, learned.expected.runs
    elif progress.has_taken_time:
        by_shares = time_left(specified(parameters.ROUGHLY_TRUE_SIGMA), progress)
        left, sigma = formula(math.exp(by_shares.log_s), progress)
        method, runs = LINEAR, 0
    else:
        return None
    left, low, high = ranged(left, sigma)
    return AmountForecast(used + left * unit, used + low * unit, used + high * unit, method, runs)
