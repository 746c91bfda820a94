"""The uncertainty of the linear formula, estimated from the run itself.

The specified shares were not measured. Three hypotheses are weighted by how well the run so far fits each: the shares
are true, roughly true, or meaningless.
"""

import math
import operator

from training_status.forecast import parameters
from training_status.forecast.calibration import Guess
from training_status.forecast.expectation import specified
from training_status.forecast.time_left import RunProgress, time_left


def formula(left_s: float, progress: RunProgress) -> Guess:
    """Return the formula's seconds left with their sigma: the root of the mean square error by the three hypotheses."""
    if left_s <= 0 or not progress.has_taken_time:
        return Guess(left_s, parameters.UNKNOWN_SIGMA)
    sigmas = (parameters.TRUE_SIGMA, parameters.ROUGHLY_TRUE_SIGMA, parameters.NO_GUIDE_SIGMA)
    found = [time_left(specified(sigma), progress) for sigma in sigmas]
    best = max(one.log_evidence for one in found)
    weights = [math.exp(one.log_evidence - best) for one in found]
    squares = [one.sigma**2 + (one.log_s - math.log(left_s)) ** 2 for one in found]
    return Guess(left_s, math.sqrt(sum(map(operator.mul, weights, squares)) / sum(weights)))
