"""The time that a run still needs, from what is expected of it and its progress so far.

The whole run may be faster or slower than expected by one factor, its pace, and each phase varies a little more. Bayes'
rule weights the possible paces by the expectation and by the phases so far. The time left is averaged over the paces.
So a run that is suddenly four times slower is noticed as soon as its long phases show it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from training_status.forecast import parameters
from training_status.forecast.expectation import Expectation


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


class _Pace(NamedTuple):
    """A normal distribution of the logarithm of the pace, and the logarithm of its weight among the others."""

    log_weight: float
    mean: float
    variance: float


def time_left(expected: Expectation, progress: RunProgress) -> TimeLeft:
    """Return the time left at the last report."""
    seconds = [math.exp(log) for log in expected.log_seconds]
    if not progress.has_taken_time and expected.pace_sigma is None:
        return TimeLeft(math.log(sum(seconds)), parameters.UNKNOWN_SIGMA, 0.0)
    done = progress.fraction ** expected.shape[progress.phase] if progress.fraction > 0 else 0.0
    # Short phases say little about the pace: their variance is that of the longest ones, divided by their share.
    tells = 1.0 if expected.pace_sigma is None else parameters.SHARE_EXPONENT
    variances = [expected.phase_sigma**2 / max(one / sum(seconds), parameters.SHARE_MIN) ** tells for one in seconds]
    seen = [
        _Deviation(math.log(taken / seconds[place]), variances[place])
        for place, taken in enumerate(progress.behind_s)
        if taken > 0
    ]
    now: _Deviation | None = None
    if done > 0 and progress.phase_s > 0:
        steps = expected.step_sigma**2 * (1 - done) / done
        now = _Deviation(math.log(progress.phase_s / (done * seconds[progress.phase])), steps)
        seen.append(_Deviation(now.off, variances[progress.phase] + steps))
    return _over_paces(expected, progress.phase, done, seconds, now, seen)


def _over_paces(
    expected: Expectation,
    phase: int,
    done: float,
    seconds: Sequence[float],
    now: _Deviation | None,
    seen: Sequence[_Deviation],
) -> TimeLeft:
    paces = _posterior(expected, seen)
    highest = max(pace.log_weight for pace in paces)
    weights = [math.exp(pace.log_weight - highest) for pace in paces]
    total = sum(weights)
    # How far the current phase differs from the pace is estimated from its time so far, shrunk towards the pace.
    phase_variance = expected.phase_sigma**2
    known = phase_variance / (phase_variance + now.variance) if now else 0.0
    own_variance = phase_variance * (1 - known) + expected.step_sigma**2 * done / max(1 - done, 0.02)
    after = sum(seconds[phase + 1 :])
    after_variance = phase_variance * sum(one**2 for one in seconds[phase + 1 :])
    mean = square = 0.0
    for pace, weight in zip(paces, weights, strict=True):
        own = (1 - done) * seconds[phase] * math.exp((now.off - pace.mean) * known if now else 0.0)
        left = own + after + parameters.EPSILON_S
        log = math.log(left) + pace.mean
        change = 1 - known * own / left  # of the logarithm of the time left, when that of the pace changes by 1
        variance = change**2 * pace.variance + (own**2 * own_variance + after_variance) / left**2
        mean += weight / total * log
        square += weight / total * (log**2 + variance)
    evidence = highest + math.log(total) - sum(0.5 * math.log(one.variance) for one in seen)
    return TimeLeft(mean, math.sqrt(max(0.0, square - mean**2)), evidence)


def _posterior(expected: Expectation, seen: Sequence[_Deviation]) -> list[_Pace]:
    """Return the distribution of the pace after what was seen: a mixture of normal distributions.

    Prior and likelihood are normal, so Bayes' rule adds their precisions. If only shares are known, the prior is flat.
    """
    precision = sum(1 / one.variance for one in seen)
    off = sum(one.off / one.variance for one in seen)
    misfit = sum(one.off**2 / one.variance for one in seen)
    if expected.pace_sigma is None:
        priors = [(1.0, 0.0)]
    else:
        changed = expected.pace_change_probability
        priors = [(1 - changed, expected.pace_sigma**-2), (changed, parameters.CHANGED_PACE_SIGMA**-2)]
    paces = []
    for probability, prior_precision in priors:
        variance = 1 / (prior_precision + precision)
        mean = variance * off
        weight = probability * math.sqrt(prior_precision or 1.0) * math.sqrt(variance)
        paces.append(_Pace(math.log(max(weight, 1e-300)) + (mean**2 / variance - misfit) / 2, mean, variance))
    return paces
