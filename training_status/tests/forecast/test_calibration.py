"""Keeping score: what was better so far is used, and ranges are as wide as the truth was far off."""

import math

import pytest

from tests.support.forecast_runs import SECONDS, run
from training_status.forecast.calibration import Calibration, Guess, ScoredMark, calibrate
from training_status.forecast.expectation import of_same_domain
from training_status.forecast.learned import Learned, RunMoment, estimate, guesses
from training_status.forecast.time_left import RunProgress
from training_status.forecast_methods import HISTORY, LINEAR

MIDDLE = RunMoment(RunProgress(SECONDS[:2], 2, 0.5, 300.0), 310.0)


def scored(linear_off: float, learned_off: float, *, sigma: float = 0.2, runs: int = 5) -> list[list[ScoredMark]]:
    """Marks of runs in which the truth was so many times what was said."""
    one = ScoredMark(Guess(100.0 / linear_off, 0.5), Guess(100.0 / learned_off, sigma), 100.0)
    return [[one] * 4] * runs


def method_after(runs: list[list[ScoredMark]]) -> tuple[str, int]:
    learned = Learned(of_same_domain([run()] * 5, 100, is_new=False), calibrate(runs))
    guessed = guesses(learned, MIDDLE)
    assert guessed is not None
    made = estimate(learned, guessed, 10.0)
    return made.method, made.based_on_runs


def test_without_a_score_nothing_changes() -> None:
    assert calibrate([]) == Calibration(0, 1.0, 1.0, 0.0)
    assert calibrate([[], []]) == Calibration(0, 1.0, 1.0, 0.0)


def test_the_formula_is_used_where_it_was_better() -> None:
    assert method_after(scored(1.1, 2.0)) == (LINEAR, 5)
    assert method_after(scored(2.0, 1.1)) == (HISTORY, 5)


def test_two_runs_are_too_few_to_prefer_the_formula() -> None:
    assert method_after(scored(1.1, 2.0, runs=2)) == (HISTORY, 5)


def test_where_both_were_about_as_good_they_are_mixed() -> None:
    learned = Learned(of_same_domain([run()] * 5, 100, is_new=False), calibrate(scored(1.2, 1.2)))
    guessed = guesses(learned, MIDDLE)
    assert guessed is not None
    assert guessed.learned is not None
    left_s = estimate(learned, guessed, 10.0).left_s
    assert min(guessed.linear.left_s, guessed.learned.left_s) < left_s
    assert left_s < max(guessed.linear.left_s, guessed.learned.left_s)


def test_a_range_becomes_as_wide_as_the_truth_was_far_off() -> None:
    assert calibrate(scored(3.0, 1.5, sigma=0.2)).learned_factor == pytest.approx(1.6, abs=0.2)
    assert calibrate(scored(3.0, 1.01, sigma=0.2)).learned_factor == 1.0


def test_one_run_that_went_wild_does_not_widen_ranges_for_ever() -> None:
    wild = calibrate([*scored(1.1, 1.1), *scored(1e6, 1e6, runs=1)])
    assert wild.learned_factor < 1.3
    assert wild.linear_factor < 1.3


@pytest.mark.parametrize("nonsense", [0.0, -5.0, math.inf])
def test_what_cannot_be_is_left_out(nonsense: float) -> None:
    guess = Guess(100.0, 0.5)
    assert calibrate([[ScoredMark(guess, guess, nonsense)]]).runs == 0
    assert calibrate([[ScoredMark(Guess(nonsense, 0.5), guess, 100.0)]]).runs == 0
    if nonsense <= 0:
        assert calibrate([[ScoredMark(guess, Guess(100.0, nonsense), 100.0)]]).runs == 0
