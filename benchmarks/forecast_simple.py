"""A forecast as simple as can be, to compare with: the median seconds of each phase, times the pace of the run so far.

The pace is shrunk towards 1 as if a part of a usual run had gone as usual. Without earlier runs it is the formula.
"""

import statistics
from collections.abc import Sequence

from forecast_learned import History
from forecast_replay import Moment

from training_status.forecast.expectation import RunTimes
from training_status.phases import PHASES

RUNS_MAX = 20
SHRINKAGE = 0.15  # the part of a usual run that is assumed to have gone as usual
TRUST_RUNS = 0.5  # with this many runs half of that
LEFT_MIN_PART = 0.15


def simple_left_s(history: History, moment: Moment) -> float:
    """The seconds left at the moment, counted down from the last report."""
    usual = _medians(history.own[-RUNS_MAX:])
    runs = len(history.own[-RUNS_MAX:])
    if not usual:
        usual, runs = _medians([run for run in map(_shares, history.others) if run]), 0
    if not usual:
        return moment.linear_left_s
    progress = moment.run.progress
    done = sum(usual[: progress.phase]) + progress.fraction * usual[progress.phase]
    assumed = SHRINKAGE * runs / (runs + TRUST_RUNS) * sum(usual)
    if done + assumed <= 0:
        return moment.linear_left_s
    left_s = (moment.run.elapsed_s + assumed) / (done + assumed) * (sum(usual) - done)
    return max(LEFT_MIN_PART * left_s, left_s - min(moment.since_s, max(moment.gaps_s, default=0.0)))


def _medians(runs: Sequence[RunTimes]) -> list[float]:
    columns = zip(*(run.seconds for run in runs), strict=True)
    known = ([seconds for seconds in column if seconds] for column in columns)
    return [statistics.median(column) if column else 0.0 for column in known]


def _shares(run: RunTimes) -> RunTimes | None:
    known = [seconds for seconds in run.seconds if seconds]
    if len(known) < len(PHASES):
        return None
    return RunTimes(tuple(seconds / sum(known) for seconds in known), run.first_halves)
