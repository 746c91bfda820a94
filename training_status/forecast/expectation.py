"""What is expected of the next run, learned from earlier runs: how long its phases take, and how much that varies.

Seconds are learned as logarithms, so twice as long and half as long are equally far off. With few runs, variances are
shrunk towards prior ones. Impossible times and outliers are ignored.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from training_status.forecast import parameters
from training_status.forecast_methods import HISTORY, LINEAR, SHARES
from training_status.phases import PHASES


class RunTimes(NamedTuple):
    """The times of a completed run, by phase: seconds, and the part of them (0 to 1) that the first half took.

    None where it is unknown.
    """

    seconds: tuple[float | None, ...]
    first_halves: tuple[float | None, ...]
    sample_count: int | None = None


_STORED_NAMES = {"pace_change_probability": "sudden", "prior_weight": "believed"}


class Expectation(msgspec.Struct, frozen=True, kw_only=True, rename=_STORED_NAMES):
    """What is expected of a run. Stored as JSON: the names stored must not change.

    `log_seconds` are the logarithms of the seconds of each phase; without a `pace_sigma` only their ratios are known.
    `phase_sigma` is the variation of a phase relative to the pace of the whole run, `step_sigma` that of the first half
    of a phase relative to the second. The part f of a phase's steps takes the part f ** `shape` of its time.
    `pace_change_probability` is that of a pace unlike all earlier ones. `prior_weight` is the prior probability of this
    expectation against the specified shares.
    """

    method: str
    runs: int
    log_seconds: tuple[float, ...]
    pace_sigma: float | None = None
    phase_sigma: float
    pace_change_probability: float = 0.0
    shape: tuple[float, ...] = (1.0,) * len(PHASES)
    step_sigma: float
    prior_weight: float = 1.0


def specified(phase_sigma: float) -> Expectation:
    """Return the expectation before any run: the specified shares, at any pace."""
    return Expectation(
        method=LINEAR,
        runs=0,
        log_seconds=tuple(math.log(phase.share) for phase in PHASES),
        phase_sigma=phase_sigma,
        step_sigma=parameters.STEP_SIGMA,
    )


def of_other_domains(runs: Sequence[RunTimes], *, domains: int) -> Expectation | None:
    """Return the usual shares of the phases, at any pace, from runs of other domains with the same optimiser.

    None if no run has the times of all phases.
    """
    known = [[seconds for seconds in run.seconds if seconds] for run in runs]
    logs = [[math.log(seconds / sum(run)) for seconds in run] for run in known if len(run) == len(PHASES)]
    if not logs:
        return None
    return Expectation(
        method=SHARES,
        runs=len(logs),
        log_seconds=tuple(map(statistics.fmean, zip(*logs, strict=True))),
        phase_sigma=parameters.OTHER_DOMAINS_SIGMA,
        step_sigma=parameters.STEP_SIGMA,
        prior_weight=domains / (domains + parameters.PRIOR_DOMAINS),
    )


def of_same_domain(runs: Sequence[RunTimes], sample_count: int | None, *, is_new: bool) -> Expectation | None:
    """Return the expectation from runs of the domain, oldest first. `is_new`: none had the next run's configuration.

    None if no run has usable times.
    """
    runs = [run for run in runs if any(_is_possible(seconds) for seconds in run.seconds)][-parameters.RUNS_MAX :]
    if not runs:
        return None
    logs = [_scaled_logs(run, sample_count) for run in runs]
    log_seconds = _mean_logs(logs)
    pace_sigma, phase_sigma = _spreads(logs, log_seconds)
    shape, step_sigma = _shapes(runs)
    return Expectation(
        method=HISTORY,
        runs=len(runs),
        log_seconds=log_seconds,
        pace_sigma=pace_sigma,
        phase_sigma=phase_sigma,
        pace_change_probability=1.0 if is_new else parameters.PACE_CHANGE_PROBABILITY,
        shape=shape,
        step_sigma=step_sigma,
    )


def _is_possible(seconds: float | None) -> bool:
    return seconds is not None and parameters.SHORTEST_S < seconds < parameters.LONGEST_S


def _scaled_logs(run: RunTimes, sample_count: int | None) -> list[float | None]:
    """The logarithms of the run's seconds, scaled to another number of samples."""
    growth = math.log(sample_count / run.sample_count) if sample_count and run.sample_count else 0.0
    return [
        math.log(seconds) + growth * phase.grows_with_samples if seconds is not None and _is_possible(seconds) else None
        for seconds, phase in zip(run.seconds, PHASES, strict=True)
    ]


def _mean_logs(logs: Sequence[Sequence[float | None]]) -> tuple[float, ...]:
    """The mean for each phase without outliers; the shortest time for a phase that was never measured."""
    means = []
    for column in zip(*logs, strict=True):
        known = [log for log in column if log is not None] or [math.log(parameters.SHORTEST_S)]
        median = statistics.median_low(known)
        means.append(statistics.fmean(log for log in known if abs(log - median) < parameters.OUTLIER_LOG))
    return tuple(means)


def _spreads(logs: Sequence[Sequence[float | None]], usual: Sequence[float]) -> tuple[float, float]:
    """The sigmas of the paces of runs, and of phases relative to the pace. Longer phases have more weight."""
    weights = [math.sqrt(math.exp(log)) for log in usual]
    paces, phases = [], []
    for run in logs:
        off = [
            (log - expected, weight)
            for log, expected, weight in zip(run, usual, weights, strict=True)
            if log is not None and abs(log - expected) < parameters.OUTLIER_LOG
        ]
        if len(off) * 2 < len(PHASES):
            continue
        pace = _weighted_mean(off)
        paces.append(pace**2)
        phases.append(_weighted_mean([((one - pace) ** 2, weight) for one, weight in off]))
    return _shrunk_sigma(paces, parameters.PRIOR_SIGMA), _shrunk_sigma(phases, parameters.PRIOR_SIGMA)


def _shrunk_sigma(squares: Sequence[float], prior_sigma: float) -> float:
    prior = parameters.PRIOR_RUNS * prior_sigma**2
    return math.sqrt((prior + sum(squares)) / (parameters.PRIOR_RUNS + len(squares)))


def _shapes(runs: Sequence[RunTimes]) -> tuple[tuple[float, ...], float]:
    """How time passes within each phase, and the sigma of the first halves.

    That is the median of the first halves, shrunk by one run with equal halves.
    """
    shapes, squares = [], []
    for column in zip(*(run.first_halves for run in runs), strict=True):
        logs = [math.log(half) for half in column if half is not None and 0.02 < half < 0.98]
        median = statistics.median(logs) if logs else 0.0
        mean = (len(logs) * median + math.log(0.5)) / (len(logs) + 1)
        shapes.append(mean / math.log(0.5))
        squares += [(log - mean) ** 2 for log in logs]
    return tuple(shapes), _shrunk_sigma(squares, parameters.STEP_SIGMA)


def _weighted_mean(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)
