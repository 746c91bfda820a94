"""What else estimates the time left: the specified formula, and what well-known progress bars and people do.

Every estimator is made for one case and asked in the order of time; it knows what has been reported by then.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol

from forecast_runs import Report
from forecast_scenarios import SPECIFIED, Case

_TQDM_SMOOTHING = 0.3
_INDICATIF_WEIGHT_S = 15.0


class Estimate(NamedTuple):
    """Seconds left, and the range that is to hold the truth in 80 of 100 cases (None: it has none)."""

    left_s: float
    low_s: float | None = None
    high_s: float | None = None


class Estimator(Protocol):
    """Asked now and then during a run."""

    def estimate(self, now_s: float, last: Report) -> Estimate | None:
        """What is left `now_s` seconds after the start, of which `last` was the last report; None: nothing to say."""


EstimatorMaker = Callable[[Case], Estimator]


def part_done(report: Report) -> float:
    """The part of the whole run by the specified shares, 0 to 1."""
    return (sum(SPECIFIED[: report.phase]) + report.fraction * SPECIFIED[report.phase]) / 100


class Linear:
    """The pace so far goes on (CONTRACT, `estimated_completion`)."""

    def __init__(self, _: Case) -> None: ...

    def estimate(self, now_s: float, last: Report) -> Estimate | None:
        """Of all the time so far, also what has passed since the last report."""
        done = part_done(last)
        return Estimate(now_s / done * (1 - done)) if done > 0 else None


class LinearCountdown:
    """The same as of the last report, and then counted down."""

    def __init__(self, _: Case) -> None: ...

    def estimate(self, now_s: float, last: Report) -> Estimate | None:
        """Never below 0."""
        done = part_done(last)
        return Estimate(max(0.0, last.at_s / done * (1 - done) - (now_s - last.at_s))) if done > 0 else None


class Tqdm:
    """The moving average of tqdm: each report's rate counts three tenths."""

    def __init__(self, case: Case) -> None:
        self._reports = case.current.reports
        self._next, self._parts, self._seconds = 1, 0.0, 0.0

    def estimate(self, now_s: float, last: Report) -> Estimate | None:
        """As of the last report."""
        while self._next < len(self._reports) and self._reports[self._next].at_s <= now_s:
            before, report = self._reports[self._next - 1], self._reports[self._next]
            self._next += 1
            parts, seconds = part_done(report) - part_done(before), report.at_s - before.at_s
            if parts > 0 and seconds > 0:
                self._parts += _TQDM_SMOOTHING * (parts - self._parts)
                self._seconds += _TQDM_SMOOTHING * (seconds - self._seconds)
        if self._parts <= 0:
            return None
        return Estimate((1 - part_done(last)) * self._seconds / self._parts)


class Indicatif:
    """The estimate of indicatif: twice smoothed over time, the weight of what was falls to a tenth in 15 s."""

    def __init__(self, case: Case) -> None:
        self._reports = case.current.reports
        self._next, self._once, self._twice = 1, 0.0, 0.0

    def estimate(self, now_s: float, last: Report) -> Estimate | None:
        """Time without a report counts as slowness."""
        while self._next < len(self._reports) and self._reports[self._next].at_s <= now_s:
            before, report = self._reports[self._next - 1], self._reports[self._next]
            self._next += 1
            seconds = report.at_s - before.at_s
            if seconds > 0:
                weight = _weight(seconds)
                rate = (part_done(report) - part_done(before)) / seconds
                self._once = self._once * weight + rate * (1 - weight)
                self._twice = self._twice * weight + self._normal(self._once, report.at_s) * (1 - weight)
        weight = _weight(now_s - last.at_s)
        once = self._normal(self._once * weight, now_s)
        rate = self._normal(self._twice * weight + once * (1 - weight), now_s)
        return Estimate((1 - part_done(last)) / rate) if rate > 1e-12 else None

    @staticmethod
    def _normal(rate: float, at_s: float) -> float:
        return rate / max(1e-9, 1 - _weight(at_s))


class MeanOfThree:
    """What people do who know the domain: the last three runs took so long."""

    def __init__(self, case: Case) -> None:
        runs = [run for run in case.earlier if run.domain == case.current.domain and run.is_completed]
        self._mean_s = sum(run.total_s for run in runs[-3:]) / len(runs[-3:]) if runs else None

    def estimate(self, now_s: float, last: Report) -> Estimate | None:
        """Never below 0."""
        return None if self._mean_s is None else Estimate(max(0.0, self._mean_s - now_s))


def _weight(seconds: float) -> float:
    return math.pow(0.1, seconds / _INDICATIF_WEIGHT_S)


BASELINES: dict[str, EstimatorMaker] = {
    "linear": Linear,
    "with countdown": LinearCountdown,
    "tqdm": Tqdm,
    "indicatif": Indicatif,
    "mean of three": MeanOfThree,
}
