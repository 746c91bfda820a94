"""The uncertainty of the linear formula, estimated from the run itself.

The specified shares were not measured. Three hypotheses are weighted by how well the run so far fits each: the shares
are true, roughly true, or meaningless. `benchmarks/forecasts.py` measures the result.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from training_status.forecast import parameters
from training_status.forecast.experience import Expectation, specified
from training_status.forecast.scoring import Guess
from training_status.forecast.time_left import RunProgress, time_left

_COVERAGE: Final = 0.8  # the probability of the range
_WIDTH_MAX: Final = 8.0  # as a logarithm: three thousand times as long
_HALVINGS: Final = 20


class _Part(NamedTuple):
    """A normal distribution of the logarithm of the seconds left, and its weight among the others."""

    weight: float
    mean: float
    sigma: float


def formula(left_s: float, progress: RunProgress) -> Guess:
    """Return the formula's seconds left with their sigma."""
    if left_s <= 0 or not progress.has_taken_time:
        return Guess(left_s, parameters.UNKNOWN_SIGMA)
    found = [time_left(expected, progress) for expected in _hypotheses()]
    best = max(one.log_evidence for one in found)
    weights = [math.exp(one.log_evidence - best) for one in found]
    parts = [
        _Part(weight / sum(weights), one.log_s, max(one.sigma, parameters.LINEAR_SIGMA_MIN))
        for weight, one in zip(weights, found, strict=True)
    ]
    return Guess(left_s, _half_width(math.log(left_s), parts) / parameters.RANGE_SIGMAS)


def _hypotheses() -> list[Expectation]:
    sigmas = (parameters.TRUE_SIGMA, parameters.ROUGHLY_TRUE_SIGMA, parameters.NO_GUIDE_SIGMA)
    return [specified(phase_sigma=sigma) for sigma in sigmas]


def _half_width(middle: float, parts: Sequence[_Part]) -> float:
    """Return the distance from the middle to both sides that contains the probability `_COVERAGE`."""
    low, high = 0.0, _WIDTH_MAX
    for _ in range(_HALVINGS):
        width = (low + high) / 2
        if sum(part.weight * _between(part, middle - width, middle + width) for part in parts) < _COVERAGE:
            low = width
        else:
            high = width
    return high


def _between(part: _Part, low: float, high: float) -> float:
    scale = part.sigma * math.sqrt(2)
    return (math.erf((high - part.mean) / scale) - math.erf((low - part.mean) / scale)) / 2
