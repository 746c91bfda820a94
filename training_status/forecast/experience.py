"""What earlier runs teach about the next one: how long its phases take, and how far from that they may be.

Seconds are learned as logarithms: a run that takes twice as long is as far off as one that takes half as long. Where
few runs are known, spreads are pulled towards usual ones. Times that cannot be, or far from all others, are left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from training_status.forecast_methods import HISTORY, LINEAR, SHARES
from training_status.phases import PHASES

RUNS_MAX: Final = 20
_YOUNGER: Final = 0.88  # what a run counts beside the one after it
_SHORTEST_S, _LONGEST_S = 0.001, 1e7
_FAR: Final = 2.0  # as a logarithm: seven times as long as usual, or as short
_USUAL_SIGMA: Final = 0.18  # of a run's pace, and of a phase beside the pace
_USUAL_STEP_SIGMA: Final = 0.10
_USUAL_COUNTS: Final = 2.0  # the usual spread counts as much as so many runs
_SUDDEN: Final = 0.4  # how likely the pace is one that nobody has seen yet …
_SUDDEN_IF_NEW: Final = 0.7  # … with a configuration that is new to the domain
_NEW_PACE_SIGMA: Final = 0.9
_GROWTH_SIGMA: Final = 0.3  # for e times the samples
_OTHERS_SIGMA: Final = 0.35  # of a phase's share of the time from domain to domain
_DOMAINS_DOUBTED: Final = 4.0  # with so many domains it is even whether another one is like them
_SPECIFIED_SIGMA: Final = 0.4  # of the specified shares, which nobody has measured


class RunTimes(NamedTuple):
    """Of a completed run, by phase: its seconds, and the part of them (0 to 1) that its first half took.

    None where it is not known. `sample_count` None: not said.
    """

    seconds: tuple[float | None, ...]
    first_halves: tuple[float | None, ...]
    sample_count: int | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """`log_seconds` of each phase; without a `pace_sigma` only what they are to each other.

    `phase_sigma` is how far a phase's logarithm is off beside the pace of the whole run, `step_sigma` how unevenly a
    phase goes; `sudden` the chance of a pace never seen; `believed` how likely the run is like this at all, beside the
    specified shares. A part f of a phase's steps takes the part f ** `shape` of its time. With `may_adapt` a run
    without a `pace_sigma` may itself show another `phase_sigma`.
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
    """Before anything is known: the specified shares, at any pace. With a `phase_sigma` it is exactly that."""
    return Expectation(
        LINEAR,
        0,
        tuple(math.log(phase.end - phase.start) for phase in PHASES),
        None,
        _SPECIFIED_SIGMA if phase_sigma is None else phase_sigma,
        0.0,
        (1.0,) * len(PHASES),
        step_sigma,
        may_adapt=phase_sigma is None,
    )


def of_other_domains(runs: Sequence[RunTimes], *, domains: int) -> Expectation | None:
    """The shares that phases usually have, at any pace, from runs of so many domains with the same optimiser; None
    without a run that tells of all phases.
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
        _OTHERS_SIGMA,
        0.0,
        (1.0,) * len(PHASES),
        0.15,
        domains / (domains + _DOMAINS_DOUBTED),
    )


def of_same_domain(runs: Sequence[RunTimes], sample_count: int | None, *, is_new: bool) -> Expectation | None:
    """From runs of the domain, oldest first; `is_new`: none of them had the configuration of the next run.

    None when none of them tells anything.
    """
    runs = [run for run in runs[-RUNS_MAX:] if any(_is_possible(seconds) for seconds in run.seconds)]
    if not runs:
        return None
    weights = [_YOUNGER ** (len(runs) - 1 - place) for place in range(len(runs))]
    logs = [_logs_as_of(run, sample_count) for run in runs]
    log_seconds = _usual(logs, weights)
    pace_sigma, phase_sigma = _spreads(logs, weights, log_seconds)
    shape, step_sigma = _shapes(runs)
    if is_new:
        phase_sigma = math.hypot(phase_sigma, 0.1)
        return Expectation(
            HISTORY, len(runs), log_seconds, _NEW_PACE_SIGMA, phase_sigma, _SUDDEN_IF_NEW, shape, step_sigma
        )
    growth = abs(_growth(runs[-1].sample_count, sample_count))
    sudden = _SUDDEN + min(0.5, _GROWTH_SIGMA * growth)
    pace_sigma = math.hypot(pace_sigma, _GROWTH_SIGMA * growth)
    return Expectation(HISTORY, len(runs), log_seconds, pace_sigma, phase_sigma, sudden, shape, step_sigma)


def _is_possible(seconds: float | None) -> bool:
    return seconds is not None and _SHORTEST_S < seconds < _LONGEST_S


def _growth(before: int | None, now: int | None) -> float:
    return math.log(now / before) if before and now else 0.0


def _logs_as_of(run: RunTimes, sample_count: int | None) -> list[float | None]:
    """The logarithms that the run's seconds would have with so many samples."""
    growth = _growth(run.sample_count, sample_count)
    return [
        math.log(seconds) + growth * phase.grows_with_samples if seconds is not None and _is_possible(seconds) else None
        for seconds, phase in zip(run.seconds, PHASES, strict=True)
    ]


def _usual(logs: Sequence[Sequence[float | None]], weights: Sequence[float]) -> tuple[float, ...]:
    """Of each phase the weighted mean of those that are not far from the median; no time for one that never was."""
    means = []
    for column in zip(*logs, strict=True):
        known = [(log, weight) for log, weight in zip(column, weights, strict=True) if log is not None]
        if not known:
            means.append(math.log(_SHORTEST_S))
            continue
        median = _weighted_median(known)
        near = [(log, weight) for log, weight in known if abs(log - median) < _FAR]
        means.append(_weighted_mean(near))
    return tuple(means)


def _spreads(
    logs: Sequence[Sequence[float | None]], weights: Sequence[float], usual: Sequence[float]
) -> tuple[float, float]:
    """How far off the paces of runs are, and their phases beside that; the longer a phase, the more it counts."""
    counts = [math.sqrt(math.exp(log)) for log in usual]
    paces, phases, seen = 0.0, 0.0, 0.0
    for run, weight in zip(logs, weights, strict=True):
        off = [
            (log - expected, count)
            for log, expected, count in zip(run, usual, counts, strict=True)
            if log is not None and abs(log - expected) < _FAR
        ]
        if len(off) * 2 < len(PHASES):
            continue
        pace = _weighted_mean(off)
        paces += weight * pace**2
        phases += weight * _weighted_mean([((one - pace) ** 2, count) for one, count in off])
        seen += weight
    usual_part = _USUAL_COUNTS * _USUAL_SIGMA**2
    uncertain = 1 + 0.5 / max(1.0, seen)  # the usual times themselves are known from so many runs only
    return (
        math.sqrt((usual_part + paces) / (_USUAL_COUNTS + seen) * uncertain),
        math.sqrt((usual_part + phases) / (_USUAL_COUNTS + seen) * uncertain),
    )


def _shapes(runs: Sequence[RunTimes]) -> tuple[tuple[float, ...], float]:
    """How time goes within phases, from what their first halves took, and how far off that is."""
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
    return tuple(shapes), math.sqrt((4 * _USUAL_STEP_SIGMA**2 + sum(off)) / (4 + len(off)))


def _weighted_mean(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)


def _weighted_median(pairs: Sequence[tuple[float, float]]) -> float:
    half, passed = sum(weight for _, weight in pairs) / 2, 0.0
    for value, weight in sorted(pairs):
        passed += weight
        if passed >= half:
            return value
    raise ValueError("There is no median of nothing.")
