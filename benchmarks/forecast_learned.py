"""The service's own forecast over generated runs, told what the service knows of them."""

import itertools

from forecast_baselines import Estimate
from forecast_runs import PHASES, GeneratedRun, Report
from forecast_scenarios import Case

from training_status.forecast import learned
from training_status.forecast.experience import Expectation, RunTimes, of_other_domains, of_same_domain
from training_status.forecast.time_left import Course


class Learned:
    """Learns once, when the run begins."""

    def __init__(self, case: Case) -> None:
        self._reports = case.current.reports
        self._expected = _expected(case)

    def estimate(self, now_s: float, last: Report) -> Estimate | None:
        """From the reports by then."""
        begun = {}
        for report in self._reports:
            if report.at_s <= last.at_s:
                begun.setdefault(report.phase, report.at_s)
        starts = [begun[phase] for phase in range(last.phase + 1)]
        behind_s = [end - start for start, end in itertools.pairwise(starts)]
        times = [report.at_s for report in self._reports if report.at_s <= last.at_s][-6:]
        gap_s = max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)
        course = Course(behind_s, last.phase, last.fraction, last.at_s - starts[-1])
        made = learned.forecast(self._expected, learned.Report(course, last.at_s, now_s - last.at_s, gap_s))
        return None if made is None else Estimate(made.left_s, made.low_s, made.high_s)


def _expected(case: Case) -> Expectation | None:
    current = case.current.configuration
    completed = [run for run in case.earlier if run.is_completed]
    own = [run for run in completed if run.domain == case.current.domain]
    same = [run for run in own if run.configuration[:2] == current[:2]]
    times = [_times(run) for run in same or own]
    expected = of_same_domain(times, current.sample_count, is_new=not same)
    return expected or of_other_domains([_times(run) for run in completed if run.domain != case.current.domain])


def _times(run: GeneratedRun) -> RunTimes:
    halves = tuple(_first_half(run, phase) for phase in range(PHASES))
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
