"""The time that a run still needs, from what is expected of it and its progress so far.

The whole run may be faster or slower than expected by one factor, its pace, and each phase varies a little more. Bayes'
rule weights the possible paces by the expectation and by the phases so far. The time left is averaged over the paces.
So a run that is suddenly four times slower is noticed as soon as its long phases show it.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from training_status.forecast.experience import Expectation

_PACES: Final = tuple(step * 0.08 for step in range(-38, 39))  # as logarithms: from a twentieth to twenty times
_CHANGED_PACE_SIGMA: Final = 1.0
_SHARE_EXPONENT: Final = 1.1
_EPSILON_S: Final = 1e-9


class RunProgress(NamedTuple):
    """The progress of a run at its last report.

    The seconds of the phases that are done, the current phase (its position from 0), the part of it that is done
    (0 to 1), and the seconds since it began.
    """

    behind_s: Sequence[float]
    phase: int
    fraction: float
    phase_s: float

    @property
    def has_taken_time(self) -> bool:
        """Whether anything that is done took time, so that a pace can be computed."""
        return any(taken > 0 for taken in self.behind_s) or (self.fraction > 0 and self.phase_s > 0)


class TimeLeft(NamedTuple):
    """The logarithm of the seconds left, its sigma, and how well the run so far fits the expectation."""

    log_s: float
    sigma: float
    log_evidence: float


class _Deviation(NamedTuple):
    """How much slower than expected a phase was, as a logarithm, and the variance of that."""

    off: float
    variance: float


def time_left(expected: Expectation, progress: RunProgress) -> TimeLeft:
    """Return the time left at the last report."""
    seconds = [math.exp(log) for log in expected.log_seconds]
    shares = [one / sum(seconds) for one in seconds]
    done = progress.fraction ** expected.shape[progress.phase] if progress.fraction > 0 else 0.0
    behind = [
        (math.log(taken / seconds[place]), max(shares[place], 0.001))
        for place, taken in enumerate(progress.behind_s)
        if taken > 0
    ]
    now: _Deviation | None = None
    if done > 0 and progress.phase_s > 0:
        steps = expected.step_sigma**2 * (1 - done) / done
        now = _Deviation(math.log(progress.phase_s / (done * seconds[progress.phase])), steps)
    share = max(shares[progress.phase], 0.001)
    phase_variance = _phase_variance(expected, [*behind, *([(now.off, share * done)] if now else [])])
    # Long phases say most about other long phases; where seconds are known, short phases say little about the pace.
    tells = 1.0 if expected.pace_sigma is None else _SHARE_EXPONENT
    seen = [_Deviation(off, phase_variance / part**tells) for off, part in behind]
    if now is not None:
        seen.append(_Deviation(now.off, phase_variance / share**tells + now.variance))
    if not progress.has_taken_time and expected.pace_sigma is None:
        return TimeLeft(math.log(sum(seconds)), 1.0, 0.0)
    return _over_paces(expected, progress.phase, done, seconds, phase_variance, now, seen)


def _over_paces(
    expected: Expectation,
    phase: int,
    done: float,
    seconds: Sequence[float],
    phase_variance: float,
    now: _Deviation | None,
    seen: Sequence[_Deviation],
) -> TimeLeft:
    middle = _weighted(seen) if expected.pace_sigma is None else 0.0
    logs = [_log_likelihood(expected, middle + pace, seen) for pace in _PACES]
    highest = max(logs)
    weights = [math.exp(log - highest) for log in logs]
    total = sum(weights)
    # The slowness of the current phase is known from its time so far. If its first steps were quicker than average, the
    # remaining ones are slower and the estimate of the phase is too low: both errors have the same sign.
    known = phase_variance / (phase_variance + now.variance) if now else 0.0
    own_variance = phase_variance * (1 - known) + expected.step_sigma**2 * (done / max(1 - done, 0.02) + 2 * known)
    after = sum(seconds[phase + 1 :])
    after_variance = phase_variance * sum(one**2 for one in seconds[phase + 1 :])
    mean = square = 0.0
    for step, weight in zip(_PACES, weights, strict=True):
        pace = middle + step
        own = (1 - done) * seconds[phase] * math.exp((now.off - pace) * known if now else 0.0)
        left = own + after + _EPSILON_S
        log = math.log(left) + pace
        mean += weight / total * log
        square += weight / total * (log**2 + (own**2 * own_variance + after_variance) / left**2)
    evidence = highest + math.log(total) - sum(0.5 * math.log(one.variance) for one in seen)
    return TimeLeft(mean, math.sqrt(max(0.0, square - mean**2)), evidence)


def _log_likelihood(expected: Expectation, pace: float, seen: Sequence[_Deviation]) -> float:
    log = 0.0
    if expected.pace_sigma is not None:
        usual = (1 - expected.sudden) * _density(pace, expected.pace_sigma)
        log = math.log(usual + expected.sudden * _density(pace, _CHANGED_PACE_SIGMA) + 1e-300)
    return log - sum((one.off - pace) ** 2 / one.variance for one in seen) / 2


def _phase_variance(expected: Expectation, off: Sequence[tuple[float, float]]) -> float:
    """Return the expected variance; if only shares are known, adjusted by the run's own phases, once it has two."""
    variance = expected.phase_sigma**2
    total = sum(part for _, part in off)
    if expected.pace_sigma is not None or not expected.may_adapt or len(off) < 2 or total <= 0:
        return variance
    mean = sum(one * part for one, part in off) / total
    shown = sum(part * (one - mean) ** 2 for one, part in off) / total
    return (variance + (len(off) - 1) * shown) / len(off)


def _weighted(seen: Sequence[_Deviation]) -> float:
    return sum(one.off / one.variance for one in seen) / sum(1 / one.variance for one in seen)


def _density(value: float, sigma: float) -> float:
    return math.exp(-((value / sigma) ** 2) / 2) / sigma
