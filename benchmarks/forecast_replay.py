"""The generated runs of all scenarios, prepared once, to be forecast again and again with other numbers.

What does not depend on the forecast's numbers is computed once: what is known at each moment, and what was learned
from. An estimate is asked for at 24 moments of a run, from 2 % to 94 % of its time.
"""

import random
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

from forecast_baselines import part_done
from forecast_learned import History, completed_runs, gaps, history, mark_reports, run_moment, runs_before
from forecast_scenarios import SEEDS, Case, Scenario

from training_status.forecast import learned, parameters
from training_status.forecast.calibration import Calibration, Guess, ScoredMark, calibrate
from training_status.forecast.learned import Learned, RunMoment

MOMENTS = [percent / 100 for percent in range(2, 96, 4)]
RUNS_MAX = 20
ERROR_MAX = 10.0


@dataclass(slots=True)
class Moment:
    """A run `since_s` after its last report; `actual_s` are the seconds that it still took."""

    run: RunMoment
    since_s: float
    gaps_s: list[float]  # between the reports so far
    linear_left_s: float
    actual_s: float
    linear: Guess | None = None


class Replayed(NamedTuple):
    """A run of a scenario, and the runs before it, each with what the service knew when it began."""

    history: History
    moments: list[Moment]
    earlier: list[tuple[History, list[Moment]]]


class Result(NamedTuple):
    """Of one scenario: the error relative to the linear formula's, and the part of actual times within the range."""

    error: float
    covered: float


@dataclass(frozen=True)
class Part:
    """A forecast that differs from the service's: by `numbers`, or by what it is told."""

    name: str
    numbers: dict[str, float] = field(default_factory=dict)
    history: Callable[[History], History] = lambda history: history
    calibration: Callable[[Calibration], Calibration] = lambda calibration: calibration
    left_s: Callable[[History, Moment], float] | None = None  # another forecast, without a range
    changes_linear: bool = False


def prepare(scenario: Scenario, *, odd: bool) -> list[Replayed]:
    """Return the runs of the scenario with odd, or with even, seeds."""
    seeds = [seed for seed in SEEDS if seed % 2 == odd]
    return [_replayed(scenario.make(random.Random(f"{scenario.name} {seed}"))) for seed in seeds]


def replay(cases: list[Replayed], part: Part) -> Result:
    """Forecast all runs."""
    errors, linear, covered = [], [], []
    with _numbers(part.numbers):
        for case in cases:
            known = _learn(case, part)
            for moment in case.moments:
                left_s, low_s, high_s = _forecast(known, case, moment, part)
                errors.append(_error(left_s, moment))
                linear.append(_error(moment.linear_left_s, moment))
                covered.append(low_s <= moment.actual_s <= high_s)
    return Result(statistics.mean(errors) / statistics.mean(linear), statistics.mean(covered))


def _replayed(case: Case) -> Replayed:
    run = case.current
    moments = []
    for part in MOMENTS:
        last = run.report_at(part * run.total_s)
        if part_done(last) > 0:
            moments.append(_moment(case, part * run.total_s))
    earlier = []
    for one in completed_runs(case)[-RUNS_MAX:]:
        before = Case(runs_before(case.earlier, one), one)
        earlier.append((history(before), [_moment(before, last.at_s) for last in mark_reports(one)]))
    return Replayed(history(case), moments, earlier)


def _moment(case: Case, now_s: float) -> Moment:
    run = case.current
    last = run.report_at(now_s)
    done = part_done(last)
    return Moment(
        run_moment(run.reports, last),
        now_s - last.at_s,
        gaps(run.reports, last),
        now_s / done * (1 - done),
        run.total_s - now_s,
    )


def _learn(case: Replayed, part: Part) -> Learned:
    if part.left_s is not None:
        return Learned()
    scored = []
    for before, moments in case.earlier:
        expected = part.history(before).expectation()
        scored.append(
            [
                ScoredMark(
                    _linear(moment, part),
                    None if expected is None else learned.learned_guess(expected, moment.run),
                    moment.actual_s,
                )
                for moment in moments
            ]
        )
    return Learned(part.history(case.history).expectation(), part.calibration(calibrate(scored)))


def _linear(moment: Moment, part: Part) -> Guess:
    if part.changes_linear:
        return learned.linear_guess(moment.run)
    if moment.linear is None:
        moment.linear = learned.linear_guess(moment.run)
    return moment.linear


def _forecast(known: Learned, case: Replayed, moment: Moment, part: Part) -> tuple[float, float, float]:
    if part.left_s is not None:
        left_s = part.left_s(case.history, moment)
        return left_s, left_s, left_s
    expected = known.expected
    by_learning = None if expected is None else learned.learned_guess(expected, moment.run)
    made = learned.estimate(
        known, learned.Guesses(_linear(moment, part), by_learning), reduce(learned.usual_gap, moment.gaps_s, 0.0)
    )
    return learned.forecast(made, since_s=moment.since_s, linear_left_s=moment.linear_left_s)


def _error(left_s: float, moment: Moment) -> float:
    return min(ERROR_MAX, abs(left_s / moment.actual_s - 1))


@contextmanager
def _numbers(numbers: dict[str, float]) -> Iterator[None]:
    before = {name: getattr(parameters, name) for name in numbers}
    try:
        for name, value in numbers.items():
            setattr(parameters, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(parameters, name, value)
