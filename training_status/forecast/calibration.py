"""Calibration: comparing the forecasts at some percentages (marks) of earlier runs with what happened.

The error of a forecast is the logarithm of actual by forecast seconds, so half and twice are equally wrong. The marks
of one run are correlated, so each run counts once.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from training_status.forecast import parameters

MARKS: Final = (10, 25, 50, 75, 90)  # percentages of a run


class Guess(NamedTuple):
    """A forecast of the seconds left, and the sigma of its logarithm."""

    left_s: float
    sigma: float


class ScoredMark(NamedTuple):
    """The forecasts at a mark, and the seconds that were left. `learned` is None without earlier runs."""

    linear: Guess
    learned: Guess | None
    actual_s: float


class Calibration(msgspec.Struct, frozen=True):
    """How to correct the next forecast, by the errors in a domain's earlier `runs`.

    The factors multiply the sigmas of the learned forecast and of the linear formula. `linear_weight` (0 to 1) is the
    weight of the formula against the learned forecast. Stored as JSON: the names of the fields must not change.
    """

    runs: int = 0
    learned_factor: float = 1.0
    linear_factor: float = 1.0
    linear_weight: float = 0.0


def calibrate(runs: Sequence[Sequence[ScoredMark]]) -> Calibration:
    """Return the calibration from the marks of each earlier run. Marks with impossible values are ignored."""
    possible = [[mark for mark in run if _is_possible(mark)] for run in runs]
    linear = [[(mark.linear, mark.actual_s) for mark in run] for run in possible if run]
    both = [run for run in ([mark for mark in run if mark.learned] for run in possible) if run]
    learned = [[(mark.learned, mark.actual_s) for mark in run if mark.learned] for run in both]
    beside = [[(mark.linear, mark.actual_s) for mark in run] for run in both]
    return Calibration(len(linear), max(1.0, _factor(learned)), _factor(linear), _linear_weight(beside, learned))


def _is_possible(mark: ScoredMark) -> bool:
    guesses = [guess for guess in (mark.linear, mark.learned) if guess]
    seconds = (mark.actual_s, *(guess.left_s for guess in guesses))
    return all(0 < one < math.inf for one in seconds) and all(guess.sigma > 0 for guess in guesses)


def _off(guess: Guess, actual_s: float) -> float:
    return math.log(actual_s / guess.left_s)


def _linear_weight(
    linear: Sequence[Sequence[tuple[Guess, float]]], learned: Sequence[Sequence[tuple[Guess, float]]]
) -> float:
    if len(learned) < parameters.CALIBRATION_RUNS_MIN:
        return 0.0
    by_formula, by_learning = _error(linear), _error(learned)
    if by_formula < parameters.CLEARLY_BETTER * by_learning:
        return 1.0
    trust = len(learned) / (len(learned) + parameters.CALIBRATION_PRIOR_RUNS)
    return trust / (1 + (by_formula / max(by_learning, 1e-9)) ** 4)


def _error(runs: Sequence[Sequence[tuple[Guess, float]]]) -> float:
    """Return the mean absolute error over the runs."""
    return statistics.fmean(statistics.fmean(abs(_off(*one)) for one in run) for run in runs)


def _factor(runs: Sequence[Sequence[tuple[Guess, float]]]) -> float:
    """Return the ratio of actual to expected errors, shrunk towards 1."""
    squares = [
        statistics.fmean(
            min(parameters.ERROR_MAX_SIGMAS, abs(_off(guess, actual_s)) / guess.sigma) ** 2 for guess, actual_s in run
        )
        for run in runs
    ]
    prior_runs = parameters.CALIBRATION_PRIOR_RUNS
    return math.sqrt((prior_runs + sum(squares)) / (prior_runs + len(squares)))
