"""The service's own forecast over generated runs, told what the service knows of them."""

import itertools
from functools import partial

from forecast_baselines import Estimate, part_done
from forecast_runs import PHASES, GeneratedRun, Report
from forecast_scenarios import Case

from training_status.forecast import learned
from training_status.forecast.experience import Expectation, RunTimes, of_other_domains, of_same_domain
from training_status.forecast.learned import Learned, RunMoment
from training_status.forecast.scoring import MARKS, ScoredMark, calibrate
from training_status.forecast.time_left import RunProgress


class Service:
    """Learns once, when the run begins, also from how right it was with the runs before."""

    def __init__(self, case: Case) -> None:
        self._reports = case.current.reports
        own = [run for run in case.earlier if run.domain == case.current.domain and run.is_completed]
        scored = [_marks(Case(_before(case.earlier, run), run)) for run in own[-20:]]
        self._learned = Learned(_expected(case), calibrate(scored))

    def estimate(self, now_s: float, last: Report) -> Estimate | None:
        """From the reports by then."""
        moved = _moved(self._reports, last)
        guessed = learned.guesses(self._learned, moved)
        if guessed is None:
            return None
        made = learned.estimate(self._learned, guessed, _usual_gap(self._reports, last))
        done = part_done(last)
        linear_s = now_s / done * (1 - done)
        return Estimate(*learned.forecast(made, since_s=now_s - last.at_s, linear_left_s=linear_s))


def _before(runs: list[GeneratedRun], run: GeneratedRun) -> list[GeneratedRun]:
    return runs[: next(place for place, one in enumerate(runs) if one is run)]


def _marks(case: Case) -> list[ScoredMark]:
    """What was said at the marks of a run that was followed as this one is."""
    known = Learned(_expected(case))
    reports, total_s = case.current.reports, case.current.total_s
    marks = []
    for mark in MARKS:
        last = next(report for report in reports if part_done(report) * 100 >= mark)
        guessed = learned.guesses(known, _moved(reports, last))
        if guessed is not None:
            marks.append(ScoredMark(guessed.linear, guessed.learned, total_s - last.at_s))
    return marks


def _moved(reports: tuple[Report, ...], last: Report) -> RunMoment:
    begun: dict[int, float] = {}
    for report in reports:
        if report.at_s <= last.at_s:
            begun.setdefault(report.phase, report.at_s)
    starts = [begun[phase] for phase in range(last.phase + 1)]
    behind_s = [end - start for start, end in itertools.pairwise(starts)]
    return RunMoment(RunProgress(behind_s, last.phase, last.fraction, last.at_s - starts[-1]), last.at_s)


def _usual_gap(reports: tuple[Report, ...], last: Report) -> float:
    gap_s = 0.0
    for earlier, later in itertools.pairwise(report.at_s for report in reports if report.at_s <= last.at_s):
        gap_s = learned.usual_gap(gap_s, later - earlier)
    return gap_s


def _expected(case: Case) -> Expectation | None:
    current = case.current.configuration
    completed = [run for run in case.earlier if run.is_completed]
    own = [run for run in completed if run.domain == case.current.domain]
    same = [run for run in own if run.configuration[:2] == current[:2]]
    times = [_times(run) for run in same or own]
    expected = of_same_domain(times, current.sample_count, is_new=not same)
    others = [
        run
        for run in completed
        if run.domain != case.current.domain and run.configuration.optimizer == current.optimizer
    ]
    return expected or of_other_domains([_times(run) for run in others], domains=len({run.domain for run in others}))


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
