"""What is expected of the next run, learned from earlier runs: how long its phases take, and how much that varies.

Seconds are learned as logarithms, so twice as long and half as long are equally far off. With few runs, variances are
shrunk towards prior ones. Impossible times and outliers are ignored.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of a run. Stored as JSON: the names of the fields must not change.

    `log_seconds` are the logarithms of the seconds of each phase; without a `pace_sigma` only their ratios are known.
    `phase_sigma` is the variation of a phase relative to the pace of the whole run, `step_sigma` that within a phase.
    `sudden` is the probability of a pace unlike all earlier ones, `believed` the prior weight of this expectation
    against the specified shares. The part f of a phase's steps takes the part f ** `shape` of its time. With
    `may_adapt`, a run without a `pace_sigma` may adjust `phase_sigma` by its own phases.
    """

    method: str
    runs: int
    log_seconds: tuple[float, ...]
    pace_sigma: float | None
    phase_sigma: float
    sudden: float
    shape: tuple[float, ...]
    step_sigma: float
    believed: float = 1.0
    may_adapt: bool = True


def specified(phase_sigma: float | None = None, step_sigma: float = 0.12) -> Expectation:
    """The expectation before any run: the specified shares, at any pace. A given `phase_sigma` is not adjusted."""
    return Expectation(
        LINEAR,
        0,
        tuple(math.log(phase.end - phase.start) for phase in PHASES),
        None,
        parameters.SPECIFIED_SIGMA if phase_sigma is None else phase_sigma,
        0.0,
        (1.0,) * len(PHASES),
        step_sigma,
        may_adapt=phase_sigma is None,
    )


def of_other_domains(runs: Sequence[RunTimes], *, domains: int) -> Expectation | None:
    """The usual shares of the phases, at any pace, from runs of other domains with the same optimiser.

    None if no run has the times of all phases.
    """
    whole = [[seconds for seconds in run.seconds if seconds] for run in runs]
    logs = [[math.log(seconds / sum(run)) for seconds in run] for run in whole if len(run) == len(PHASES)]
    if not logs:
        return None
    mean = tuple(sum(column) / len(logs) for column in zip(*logs, strict=True))
    return Expectation(
        SHARES,
        len(logs),
        mean,
        None,
        parameters.OTHER_DOMAINS_SIGMA,
        0.0,
        (1.0,) * len(PHASES),
        0.15,
        domains / (domains + parameters.PRIOR_DOMAINS),
    )


def of_same_domain(runs: Sequence[RunTimes], sample_count: int | None, *, is_new: bool) -> Expectation | None:
    """The expectation from runs of the domain, oldest first. `is_new`: none had the configuration of the next run.

    None if no run has usable times.
    """
    runs = [run for run in runs[-parameters.RUNS_MAX :] if any(_is_possible(seconds) for seconds in run.seconds)]
    if not runs:
        return None
    weights = [parameters.WEIGHT_DECAY ** (len(runs) - 1 - place) for place in range(len(runs))]
    logs = [_scaled_logs(run, sample_count) for run in runs]
    log_seconds = _mean_logs(logs, weights)
    pace_sigma, phase_sigma = _spreads(logs, weights, log_seconds)
    shape, step_sigma = _shapes(runs)
    if is_new:
        phase_sigma = math.hypot(phase_sigma, 0.1)
        return Expectation(
            HISTORY,
            len(runs),
            log_seconds,
            parameters.NEW_PACE_SIGMA,
            phase_sigma,
            parameters.PACE_CHANGE_PROBABILITY_IF_NEW,
            shape,
            step_sigma,
        )
    growth = abs(_growth(runs[-1].sample_count, sample_count))
    pace_change = parameters.PACE_CHANGE_PROBABILITY + min(0.5, parameters.GROWTH_SIGMA * growth)
    pace_sigma = math.hypot(pace_sigma, parameters.GROWTH_SIGMA * growth)
    return Expectation(HISTORY, len(runs), log_seconds, pace_sigma, phase_sigma, pace_change, shape, step_sigma)


def _is_possible(seconds: float | None) -> bool:
    return seconds is not None and parameters.SHORTEST_S < seconds < parameters.LONGEST_S


def _growth(before: int | None, now: int | None) -> float:
    return math.log(now / before) if before and now else 0.0


def _scaled_logs(run: RunTimes, sample_count: int | None) -> list[float | None]:
    """The logarithms of the run's seconds, scaled to another number of samples."""
    growth = _growth(run.sample_count, sample_count)
    return [
        math.log(seconds) + growth * phase.grows_with_samples if seconds is not None and _is_possible(seconds) else None
        for seconds, phase in zip(run.seconds, PHASES, strict=True)
    ]


def _mean_logs(logs: Sequence[Sequence[float | None]], weights: Sequence[float]) -> tuple[float, ...]:
    """The weighted mean for each phase without outliers; the shortest time for a phase that was never measured."""
    means = []
    for column in zip(*logs, strict=True):
        known = [(log, weight) for log, weight in zip(column, weights, strict=True) if log is not None]
        if not known:
            means.append(math.log(parameters.SHORTEST_S))
            continue
        median = _weighted_median(known)
        near = [(log, weight) for log, weight in known if abs(log - median) < parameters.OUTLIER_LOG]
        means.append(_weighted_mean(near))
    return tuple(means)


def _spreads(
    logs: Sequence[Sequence[float | None]], weights: Sequence[float], usual: Sequence[float]
) -> tuple[float, float]:
    """The sigmas of the paces of runs, and of phases relative to the pace. Longer phases have more weight."""
    counts = [math.sqrt(math.exp(log)) for log in usual]
    paces, phases, seen = 0.0, 0.0, 0.0
    for run, weight in zip(logs, weights, strict=True):
        off = [
            (log - expected, count)
            for log, expected, count in zip(run, usual, counts, strict=True)
            if log is not None and abs(log - expected) < parameters.OUTLIER_LOG
        ]
        if len(off) * 2 < len(PHASES):
            continue
        pace = _weighted_mean(off)
        paces += weight * pace**2
        phases += weight * _weighted_mean([((one - pace) ** 2, count) for one, count in off])
        seen += weight
    usual_part = parameters.PRIOR_RUNS * parameters.USUAL_SIGMA**2
    uncertain = 1 + 0.5 / max(1.0, seen)  # the mean times are estimates themselves
    return (
        math.sqrt((usual_part + paces) / (parameters.PRIOR_RUNS + seen) * uncertain),
        math.sqrt((usual_part + phases) / (parameters.PRIOR_RUNS + seen) * uncertain),
    )


def _shapes(runs: Sequence[RunTimes]) -> tuple[tuple[float, ...], float]:
    """How time passes within each phase, from the times of first halves, and the sigma of that."""
    shapes, off = [], []
    for column in zip(*(run.first_halves for run in runs), strict=True):
        logs = sorted(math.log(half) for half in column if half is not None and 0.02 < half < 0.98)
        if not logs:
            shapes.append(1.0)
            continue
        near = [log for log in logs if abs(log - logs[len(logs) // 2]) < 1]
        trust = len(logs) / (len(logs) + 1)
        mean = trust * sum(near) / len(near) + (1 - trust) * math.log(0.5)
        shapes.append(min(3.0, max(0.4, mean / math.log(0.5))))
        off += [(log - mean) ** 2 for log in logs]
    return tuple(shapes), math.sqrt((4 * parameters.USUAL_STEP_SIGMA**2 + sum(off)) / (4 + len(off)))


def _weighted_mean(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)


def _weighted_median(pairs: Sequence[tuple[float, float]]) -> float:
    half, passed = sum(weight for _, weight in pairs) / 2, 0.0
    for value, weight in sorted(pairs):
        passed += weight
        if passed >= half:
            return value
    raise ValueError("The median of an empty sequence is undefined.")
