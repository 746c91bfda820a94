"""How much time a run still needs, given what is expected of it and how it has gone so far.

The whole run may go faster or slower than expected (its pace, unknown but one), each phase a little beside that. Bayes'
rule weighs the possible paces by what is expected and by the phases so far; what is left is computed at each pace and
put together. So a run that is suddenly four times as slow is noticed as soon as its long phases tell.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from training_status.forecast.experience import Expectation

_PACES: Final = tuple(step * 0.08 for step in range(-38, 39))  # as logarithms: from a twentieth to twenty times
_SUDDEN_PACE_SIGMA: Final = 1.0
_SHORT_TELLS_LESS: Final = 1.1
_NOTHING: Final = 1e-9


class Course(NamedTuple):
    """How far a run has come at its last report: the seconds of the phases behind it, the present phase (its place
    from 0), the part of it that is done (0 to 1) and the seconds since it began."""

    behind_s: Sequence[float]
    phase: int
    fraction: float
    phase_s: float

    @property
    def has_taken_time(self) -> bool:
        """Whether anything done took any time, so that there is a pace."""
        return any(taken > 0 for taken in self.behind_s) or (self.fraction > 0 and self.phase_s > 0)


class TimeLeft(NamedTuple):
    """The logarithm of the seconds left, how far off it may be, and how well the run so far fits the expectation."""

    log_s: float
    sigma: float
    log_evidence: float


class _Seen(NamedTuple):
    """By how much a phase was slower than expected, as a logarithm, and the variance of that."""

    off: float
    variance: float


def time_left(expected: Expectation, course: Course) -> TimeLeft:
    """What is left at the last report."""
    seconds = [math.exp(log) for log in expected.log_seconds]
    shares = [one / sum(seconds) for one in seconds]
    done = course.fraction ** expected.shape[course.phase] if course.fraction > 0 else 0.0
    behind = [
        (math.log(taken / seconds[place]), max(shares[place], 0.001))
        for place, taken in enumerate(course.behind_s)
        if taken > 0
    ]
    now: _Seen | None = None
    if done > 0 and course.phase_s > 0:
        steps = expected.step_sigma**2 * (1 - done) / done
        now = _Seen(math.log(course.phase_s / (done * seconds[course.phase])), steps)
    share = max(shares[course.phase], 0.001)
    phase_variance = _phase_variance(expected, [*behind, *([(now.off, share * done)] if now else [])])
    # What takes long tells of what takes long; where seconds are known, a slow service is not seen in what is short.
    tells = 1.0 if expected.pace_sigma is None else _SHORT_TELLS_LESS
    seen = [_Seen(off, phase_variance / part**tells) for off, part in behind]
    if now is not None:
        seen.append(_Seen(now.off, phase_variance / share**tells + now.variance))
    if not course.has_taken_time and expected.pace_sigma is None:
        return TimeLeft(math.log(sum(seconds)), 1.0, 0.0)
    return _over_paces(expected, course.phase, done, seconds, phase_variance, now, seen)


def _over_paces(
    expected: Expectation,
    phase: int,
    done: float,
    seconds: Sequence[float],
    phase_variance: float,
    now: _Seen | None,
    seen: Sequence[_Seen],
) -> TimeLeft:
    middle = _weighted(seen) if expected.pace_sigma is None else 0.0
    logs = [_log_likelihood(expected, middle + pace, seen) for pace in _PACES]
    highest = max(logs)
    weights = [math.exp(log - highest) for log in logs]
    total = sum(weights)
    # The present phase's own slowness is known from what it took so far. If its steps so far took less than theirs, the
    # others take more, and the whole seems to take less: both errors go the same way.
    known = phase_variance / (phase_variance + now.variance) if now else 0.0
    own_variance = phase_variance * (1 - known) + expected.step_sigma**2 * (done / max(1 - done, 0.02) + 2 * known)
    after = sum(seconds[phase + 1 :])
    after_variance = phase_variance * sum(one**2 for one in seconds[phase + 1 :])
    mean = square = 0.0
    for step, weight in zip(_PACES, weights, strict=True):
        pace = middle + step
        own = (1 - done) * seconds[phase] * math.exp((now.off - pace) * known if now else 0.0)
        left = own + after + _NOTHING
        log = math.log(left) + pace
        mean += weight / total * log
        square += weight / total * (log**2 + (own**2 * own_variance + after_variance) / left**2)
    evidence = highest + math.log(total) - sum(0.5 * math.log(one.variance) for one in seen)
    return TimeLeft(mean, math.sqrt(max(0.0, square - mean**2)), evidence)


def _log_likelihood(expected: Expectation, pace: float, seen: Sequence[_Seen]) -> float:
    log = 0.0
    if expected.pace_sigma is not None:
        usual = (1 - expected.sudden) * _density(pace, expected.pace_sigma)
        log = math.log(usual + expected.sudden * _density(pace, _SUDDEN_PACE_SIGMA) + 1e-300)
    return log - sum((one.off - pace) ** 2 / one.variance for one in seen) / 2


def _phase_variance(expected: Expectation, off: Sequence[tuple[float, float]]) -> float:
    """As expected; where only shares are known, as the run itself shows it, once it has two phases to compare."""
    variance = expected.phase_sigma**2
    total = sum(part for _, part in off)
    if expected.pace_sigma is not None or not expected.may_adapt or len(off) < 2 or total <= 0:
        return variance
    mean = sum(one * part for one, part in off) / total
    shown = sum(part * (one - mean) ** 2 for one, part in off) / total
    return (variance + (len(off) - 1) * shown) / len(off)


def _weighted(seen: Sequence[_Seen]) -> float:
    return sum(one.off / one.variance for one in seen) / sum(1 / one.variance for one in seen)


def _density(value: float, sigma: float) -> float:
    return math.exp(-((value / sigma) ** 2) / 2) / sigma
