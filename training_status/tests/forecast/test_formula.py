"""How far off the linear formula is said to be."""

import math
import random

import pytest

from training_status.forecast.calibration import Guess
from training_status.forecast.formula import formula
from training_status.forecast.time_left import RunProgress
from training_status.phases import PHASES

SHARES = [phase.end - phase.start for phase in PHASES]
OTHER_SHARES = [0.6, 2.0, 55.0, 30.0, 0.6, 11.0, 0.8]
SIGMAS = 1.2816


def progress(seconds: list[float], phase: int, fraction: float) -> RunProgress:
    return RunProgress(seconds[:phase], phase, fraction, seconds[phase] * fraction)


def told(seconds: list[float], phase: int, fraction: float) -> Guess:
    """What the formula says of a run whose phases take so many seconds."""
    elapsed_s = sum(seconds[:phase]) + fraction * seconds[phase]
    done = (sum(SHARES[:phase]) + fraction * SHARES[phase]) / 100
    return formula(elapsed_s / done * (1 - done), progress(seconds, phase, fraction))


@pytest.mark.parametrize("phase", [2, 3, 5])
def test_a_run_that_goes_by_the_shares_has_a_narrower_range_than_one_that_does_not(phase: int) -> None:
    by_the_shares = told(SHARES, phase, 0.5).sigma
    otherwise = told(OTHER_SHARES, phase, 0.5).sigma
    assert 0 < by_the_shares < otherwise / 1.5


def test_the_more_a_run_has_shown_the_narrower_is_the_range() -> None:
    sigmas = [told(SHARES, phase, 0.5).sigma for phase in (0, 2, 3)]
    assert sigmas == sorted(sigmas, reverse=True)


def test_the_range_holds_about_80_of_100_where_the_shares_are_nearly_true() -> None:
    chance = random.Random(8)
    held = []
    for _ in range(400):
        pace = math.exp(chance.gauss(0, 0.5))
        seconds = [share * pace * chance.lognormvariate(0, 0.2) for share in SHARES]
        phase, fraction = chance.choice([2, 3]), chance.uniform(0.1, 0.9)
        left_s = sum(seconds[phase:]) - fraction * seconds[phase]
        said = told(seconds, phase, fraction)
        held.append(abs(math.log(left_s / said.left_s)) <= SIGMAS * said.sigma)
    assert 0.7 <= sum(held) / len(held) <= 0.95


@pytest.mark.parametrize(
    "still",
    [RunProgress([], 0, 0.5, 0.0), RunProgress([0.0, 0.0], 2, 0.0, 7.0), RunProgress([0.0] * 6, 6, 1.0, 0.0)],
    ids=["no time yet", "all at once", "done at once"],
)
def test_what_has_taken_no_time_tells_nothing(still: RunProgress) -> None:
    assert formula(100.0, still) == (100.0, 1.0)
    assert formula(0.0, still) == (0.0, 1.0)


def test_nothing_left_is_no_error() -> None:
    assert formula(0.0, progress(SHARES, 6, 1.0)).left_s == 0
