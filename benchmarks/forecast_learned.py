"""The service's own forecast over generated runs, with what the service knows of them."""

import itertools
from functools import partial, reduce
from typing import NamedTuple

from forecast_baselines import Estimate, part_done
from forecast_runs import PHASES, GeneratedRun, Report
from forecast_scenarios import Case

from training_status.forecast import learned
from training_status.forecast.calibration import MARKS, ScoredMark, calibrate
from training_status.forecast.expectation import Expectation, RunTimes, of_other_domains, of_same_domain
from training_status.forecast.learned import Learned, RunMoment
from training_status.forecast.time_left import RunProgress


class Service:
    """Learns once, when the run begins, also from the errors of its forecasts of earlier runs."""

    def __init__(self, case: Case) -> None:
        self._reports = case.current.reports
        scored = [_marks(Case(runs_before(case.earlier, run), run)) for run in completed_runs(case)[-20:]]
        self._learned = Learned(history(case).expectation(), calibrate(scored))

    def estimate(self, now_s: float, last: Report) -> Estimate | None:
        """Use the reports until `last`."""
        guessed = learned.guesses(self._learned, run_moment(self._reports, last))
        if guessed is None:
            return None
        made = learned.estimate(self._learned, guessed, reduce(learned.usual_gap, gaps(self._reports, last), 0.0))
        done = part_done(last)
        linear_s = now_s / done * (1 - done)
        return Estimate(*learned.forecast(made, since_s=now_s - last.at_s, linear_left_s=linear_s))


class History(NamedTuple):
    """What the service finds of earlier runs when a run begins, oldest first."""

    own: list[RunTimes]
    is_new: bool
    sample_count: int | None
    others: list[RunTimes]
    other_domains: int

    def expectation(self) -> Expectation | None:
        """What is expected of the run."""
        expected = of_same_domain(self.own, self.sample_count, is_new=self.is_new)
        return expected or of_other_domains(self.others, domains=self.other_domains)


def history(case: Case) -> History:
    """What the service reads from the database (`earlier_runs.py`)."""
    current = case.current.configuration
    own = completed_runs(case)
    same = [run for run in own if run.configuration[:2] == current[:2]]
    others = [
        run
        for run in case.earlier
        if run.is_completed and run.domain != case.current.domain and run.configuration.optimizer == current.optimizer
    ]
    return History(
        [_times(run) for run in same or own],
        not same,
        current.sample_count,
        [_times(run) for run in others],
        len({run.domain for run in others}),
    )


def completed_runs(case: Case) -> list[GeneratedRun]:
    """The completed earlier runs of the domain."""
    return [run for run in case.earlier if run.domain == case.current.domain and run.is_completed]


def runs_before(runs: list[GeneratedRun], run: GeneratedRun) -> list[GeneratedRun]:
    """Those of `runs` that come before `run`."""
    return runs[: next(place for place, one in enumerate(runs) if one is run)]


def mark_reports(run: GeneratedRun) -> list[Report]:
    """The reports at which the run reached the marks."""
    return [next(report for report in run.reports if part_done(report) * 100 >= mark) for mark in MARKS]


def run_moment(reports: tuple[Report, ...], last: Report) -> RunMoment:
    """What the service knows of the run at its report `last`."""
    begun: dict[int, float] = {}
    for report in reports:
        if report.at_s <= last.at_s:
            begun.setdefault(report.phase, report.at_s)
    starts = [begun[phase] for phase in range(last.phase + 1)]
    behind_s = [end - start for start, end in itertools.pairwise(starts)]
    return RunMoment(RunProgress(behind_s, last.phase, last.fraction, last.at_s - starts[-1]), last.at_s)


def gaps(reports: tuple[Report, ...], last: Report) -> list[float]:
    """The seconds between the reports until `last`."""
    times = [report.at_s for report in reports if report.at_s <= last.at_s]
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def _marks(case: Case) -> list[ScoredMark]:
    """The forecasts at the marks of an earlier run."""
    known = Learned(history(case).expectation())
    marks = []
    for last in mark_reports(case.current):
        guessed = learned.guesses(known, run_moment(case.current.reports, last))
        if guessed is not None:
            marks.append(ScoredMark(guessed.linear, guessed.learned, case.current.total_s - last.at_s))
    return marks


def _times(run: GeneratedRun) -> RunTimes:
    halves = tuple(map(partial(_first_half, run), range(PHASES)))
    return RunTimes(run.phase_s, halves, run.configuration.sample_count)


def _first_half(run: GeneratedRun, phase: int) -> float | None:
    """The part of the phase's time after which half of it was done, between the reports around that."""
    reports = [report for report in run.reports if report.phase == phase]
    length = reports[-1].at_s - reports[0].at_s
    if len(reports) < 4 or length <= 0:
        return None
    before, after = next(pair for pair in itertools.pairwise(reports) if pair[1].fraction >= 0.5)
    part = (0.5 - before.fraction) / (after.fraction - before.fraction)
    return (before.at_s + part * (after.at_s - before.at_s) - reports[0].at_s) / length
