"""Keeping score: what was forecast at some marks of earlier runs, and what happened.

How far off a forecast was is the logarithm of what was left by what was said to be: half as long and twice as long are
as wrong. The marks of one run tell much the same, so a run counts once.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

MARKS: Final = (10, 25, 50, 75, 90)  # of a run, in percent
_USUAL_COUNTS: Final = 3.0  # that ranges are as they should be counts as much as so many runs
_FEWEST: Final = 3  # from so many runs on the linear formula may be used …
_CLEARLY: Final = 0.9  # … if it was off by no more than this part; if it was nearly as good, the two are mixed
_MOST_OFF: Final = 2.5  # in sigmas: what is farther off was not the forecast's fault
_NARROWEST: Final = 0.92


class Guess(NamedTuple):
    """Seconds left, and how far off they were expected to be (sigma of their logarithm)."""

    left_s: float
    sigma: float


class ScoredMark(NamedTuple):
    """`learned` None: there was nothing to learn from. `actual_s` is what was left in truth."""

    linear: Guess
    learned: Guess | None
    actual_s: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the score of a domain's earlier `runs` says of the next forecast.

    The sigmas of the learned forecast and of the linear formula are to be multiplied by the factors. The formula
    counts as `linear_weight` (0 to 1) beside what was learned; with 1 nothing else does.
    """

    runs: int = 0
    learned_factor: float = 1.0
    linear_factor: float = 1.0
    linear_weight: float = 0.0


def verdict(runs: Sequence[Sequence[ScoredMark]]) -> Calibration:
    """Of the marks of each earlier run. Those that cannot be are left out."""
    possible = [[mark for mark in run if _is_possible(mark)] for run in runs]
    linear = [[(mark.linear, mark.actual_s) for mark in run] for run in possible if run]
    both = [run for run in ([mark for mark in run if mark.learned] for run in possible) if run]
    learned = [[(mark.learned, mark.actual_s) for mark in run if mark.learned] for run in both]
    beside = [[(mark.linear, mark.actual_s) for mark in run] for run in both]
    return Calibration(len(linear), max(_NARROWEST, _factor(learned)), _factor(linear), _linear_weight(beside, learned))


def _is_possible(mark: ScoredMark) -> bool:
    guesses = [guess for guess in (mark.linear, mark.learned) if guess]
    seconds = (mark.actual_s, *(guess.left_s for guess in guesses))
    return all(0 < one < math.inf for one in seconds) and all(guess.sigma > 0 for guess in guesses)


def _off(guess: Guess, actual_s: float) -> float:
    return math.log(actual_s / guess.left_s)


def _linear_weight(
    linear: Sequence[Sequence[tuple[Guess, float]]], learned: Sequence[Sequence[tuple[Guess, float]]]
) -> float:
    if len(learned) < _FEWEST:
        return 0.0
    by_formula, by_learning = _error(linear), _error(learned)
    if by_formula < _CLEARLY * by_learning:
        return 1.0
    trust = len(learned) / (len(learned) + _USUAL_COUNTS)
    return trust / (1 + (by_formula / max(by_learning, 1e-9)) ** 4)


def _error(runs: Sequence[Sequence[tuple[Guess, float]]]) -> float:
    """The mean over the runs of how far off their guesses were."""
    return statistics.fmean(statistics.fmean(abs(_off(*one)) for one in run) for run in runs)


def _factor(runs: Sequence[Sequence[tuple[Guess, float]]]) -> float:
    """By how much the truth lay farther off than expected."""
    squares = [
        statistics.fmean(min(_MOST_OFF, abs(_off(guess, actual_s)) / guess.sigma) ** 2 for guess, actual_s in run)
        for run in runs
    ]
    return math.sqrt((_USUAL_COUNTS + sum(squares)) / (_USUAL_COUNTS + len(squares)))
