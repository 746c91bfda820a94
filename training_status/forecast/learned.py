"""The learned forecast: from earlier runs of the domain, else from other domains, else the specified formula.

Measured in `benchmarks/forecasts.py` over generated runs.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from training_status.forecast.experience import LINEAR, SHARES, Expectation, specified
from training_status.forecast.time_left import Course, TimeLeft, time_left
from training_status.phases import PHASES

_SIGMAS: Final = 1.28  # of a normal distribution, to have 80 of 100 between
_SHARES_BELIEVED: Final = 0.5  # before a run has shown whether it is like other domains'
_LEAST_PART: Final = 0.15  # of the estimate, however long nothing is heard
_GAPS: Final = 1.5
_WAITING_SIGMA: Final = 0.15
_LEAST_SIGMA: Final = 0.03
_MOST_SIGMA: Final = 5.0  # from a 600th to 600 times: whoever says more says nothing


class Forecast(NamedTuple):
    """Seconds left, the range that is to hold the truth in 80 of 100 cases, and what it is based on."""

    left_s: float
    low_s: float
    high_s: float
    method: str
    based_on_runs: int


@dataclass(frozen=True, slots=True)
class Report:
    """The last thing heard of a run: `elapsed_s` is from its start to then, `since_s` from then to now, `usual_gap_s`
    what lies between two reports."""

    course: Course
    elapsed_s: float
    since_s: float
    usual_gap_s: float

    @property
    def part_done(self) -> float:
        """By the specified shares, 0 to 1."""
        phase = PHASES[self.course.phase]
        return (phase.start + self.course.fraction * (phase.end - phase.start)) / 100


def forecast(learned: Expectation | None, report: Report) -> Forecast | None:
    """What is left now; None before anything is done. With nothing learned it is exactly the linear formula."""
    done = report.part_done
    if done <= 0:
        return None
    if learned is None:
        left_s = (report.elapsed_s + report.since_s) / done * (1 - done)
        return _ranged(left_s, time_left(specified(), report.course).sigma, LINEAR, 0)
    found = time_left(learned, report.course)
    if learned.method == SHARES:
        found = _mixed(time_left(specified(), report.course), found)
    at_report_s = math.exp(found.log_s)
    waited_s = min(report.since_s, _GAPS * report.usual_gap_s or report.since_s)
    left_s = max(at_report_s - waited_s, _LEAST_PART * at_report_s)
    waiting = _WAITING_SIGMA * min(report.since_s, report.usual_gap_s) / max(left_s, 1e-9)
    return _ranged(left_s, math.hypot(found.sigma, waiting, _LEAST_SIGMA), learned.method, learned.runs)


def _mixed(linear: TimeLeft, shares: TimeLeft) -> TimeLeft:
    """Both, each as far as the run so far speaks for it."""
    odds = math.exp(max(-30.0, min(30.0, shares.log_evidence - linear.log_evidence)))
    believed = odds * _SHARES_BELIEVED / (odds * _SHARES_BELIEVED + 1 - _SHARES_BELIEVED)
    mean = (1 - believed) * linear.log_s + believed * shares.log_s
    variance = (1 - believed) * (linear.sigma**2 + (linear.log_s - mean) ** 2) + believed * (
        shares.sigma**2 + (shares.log_s - mean) ** 2
    )
    return TimeLeft(mean, math.sqrt(variance), max(linear.log_evidence, shares.log_evidence))


def _ranged(left_s: float, sigma: float, method: str, runs: int) -> Forecast:
    factor = math.exp(_SIGMAS * min(sigma, _MOST_SIGMA))
    return Forecast(left_s, left_s / factor, left_s * factor, method, runs)
