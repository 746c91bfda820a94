"""Generated runs: what a training reports of itself, and when it is really done.

A run is made of the seconds that each phase takes. Within a phase it reports after every step the part of the steps
that are done, though steps are of unequal length, and nothing in between: as an optimiser's trials do.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

# How many reports each of the seven phases gives: what is quick has one or two, an optimisation one a trial.
STEPS = (1, 3, 24, 20, 2, 8, 1)
PHASES = len(STEPS)


class Report(NamedTuple):
    """So much (`fraction`, 0 to 1) of a phase (by its place, from 0) was done so many seconds after the start."""

    at_s: float
    phase: int
    fraction: float


class Configuration(NamedTuple):
    """What the service is told of a run at its start."""

    llm_model: str
    optimizer: str
    sample_count: int


@dataclass(frozen=True, slots=True)
class GeneratedRun:
    """`phase_s` has the seconds of each phase, `total_s` their sum; a failed run ends before its last report."""

    domain: str
    configuration: Configuration
    reports: tuple[Report, ...]
    phase_s: tuple[float, ...]
    is_completed: bool = True

    @property
    def total_s(self) -> float:
        """From the start to the end."""
        return sum(self.phase_s)

    def report_at(self, at_s: float) -> Report:
        """The last report by then."""
        return max((report for report in self.reports if report.at_s <= at_s), key=lambda report: report.at_s)


@dataclass(frozen=True, slots=True)
class Pace:
    """How unevenly a run goes."""

    run_jitter: float = 0.12  # all of a run faster or slower than others, as sigma of a lognormal
    phase_jitter: float = 0.12  # a phase of it
    step_jitter: float = 0.3  # a step of the phase
    later_steps: float = 1.0  # how many times as long as a phase's first step its last one takes
    stalls: float = 0.0  # the chance of each step to be followed by a pause …
    stall_part: float = 0.05  # … of this part of the run
    slow_from: float = 1.0  # from this part of the run on …
    slowness: float = 1.0  # … everything takes so many times as long


@dataclass(slots=True)
class _Clock:
    """Work is done at the pace of the moment."""

    pace: Pace
    usual_total_s: float
    worked_s: float = 0.0
    at_s: float = 0.0
    reports: list[Report] = field(default_factory=list)

    def work(self, seconds: float) -> None:
        slow_at = self.pace.slow_from * self.usual_total_s
        quickly = min(seconds, max(0.0, slow_at - self.worked_s))
        self.worked_s += seconds
        self.at_s += quickly + (seconds - quickly) * self.pace.slowness


def generate(
    domain: str, configuration: Configuration, usual_s: Sequence[float], pace: Pace, chance: random.Random
) -> GeneratedRun:
    """A completed run whose phases usually take `usual_s` seconds."""
    clock = _Clock(pace, sum(usual_s))
    of_run = chance.lognormvariate(0, pace.run_jitter)
    phase_s = []
    for phase, seconds in enumerate(usual_s):
        begun = clock.at_s
        clock.reports.append(Report(begun, phase, 0.0))
        length = seconds * of_run * chance.lognormvariate(0, pace.phase_jitter)
        for number, part in enumerate(_parts(STEPS[phase], pace, chance), 1):
            clock.work(length * part)
            if chance.random() < pace.stalls:
                clock.at_s += pace.stall_part * sum(usual_s)
            clock.reports.append(Report(clock.at_s, phase, number / STEPS[phase]))
        phase_s.append(clock.at_s - begun)
    return GeneratedRun(domain, configuration, tuple(clock.reports), tuple(phase_s))


def broken_off(run: GeneratedRun, part: float) -> GeneratedRun:
    """The same run, failed when that part of its time was over."""
    until = part * run.total_s
    ends = list(accumulate(run.phase_s))
    phase_s = tuple(max(0.0, min(end, until) - start) for start, end in zip([0.0, *ends[:-1]], ends, strict=True))
    reports = tuple(report for report in run.reports if report.at_s <= until)
    return GeneratedRun(run.domain, run.configuration, reports, phase_s, is_completed=False)


def _parts(steps: int, pace: Pace, chance: random.Random) -> list[float]:
    lengths = [
        (1 + (pace.later_steps - 1) * number / max(1, steps - 1)) * chance.lognormvariate(0, pace.step_jitter)
        for number in range(steps)
    ]
    return [length / sum(lengths) for length in lengths]
