"""The numbers of the forecast.

docs/forecast.md says where each comes from; `benchmarks/forecast_parts.py` measures how error and coverage change when
they are halved and doubled. Sigmas are standard deviations of logarithms: 0.1 is about 10 %.
"""

# Which earlier runs are read
RUNS_MAX = 20  # of the same domain
RUNS_CONSIDERED = 60  # of the domain, among which those with the same configuration are chosen
OTHER_RUNS_CONSIDERED = 500  # of other domains, among which those with the same optimiser are chosen
OTHER_RUNS_PER_DOMAIN = 4
OTHER_RUNS_MAX = 60

# When an estimate is computed
ESTIMATE_EVERY_PERCENT = 1.0
ESTIMATE_EVERY_S = 1.0

# What earlier runs teach
SHORTEST_S = 0.001  # shorter and longer times of phases are ignored
LONGEST_S = 1e7
OUTLIER_LOG = 2.0  # so is a time that is this far from the median: seven times as long, or a seventh
PRIOR_SIGMA = 0.20  # of a run's pace, and of a phase relative to the pace
PRIOR_RUNS = 2.0  # the prior variances have the weight of this many runs
STEP_SIGMA = 0.12  # of the time that the first half of a phase's steps takes
OTHER_DOMAINS_SIGMA = 0.35  # of a phase's share of the time between domains
PRIOR_DOMAINS = 8.0  # with this many domains the prior weight of their shares is one half

# The pace of a run
PACE_CHANGE_PROBABILITY = 0.5  # of a pace unlike those of earlier runs; 1 for a new configuration
CHANGED_PACE_SIGMA = 1.0
SHARE_EXPONENT = 1.1  # above 1, short phases say less about the pace than their share of the time
SHARE_MIN = 0.001
EPSILON_S = 1e-9

# The specified shares
TRUE_SIGMA = 0.08  # of a phase's share if the specified ones are true …
ROUGHLY_TRUE_SIGMA = 0.35  # … or roughly true …
NO_GUIDE_SIGMA = 1.0  # … or meaningless
UNKNOWN_SIGMA = 1.0  # of the time left while nothing that is done has taken any time

# Calibration by the forecasts of earlier runs
CALIBRATION_PRIOR_RUNS = 3.0  # the prior of correct ranges has the weight of this many runs
CALIBRATION_RUNS_MIN = 3  # runs needed before the linear estimate is used …
CLEARLY_BETTER = 0.9  # … alone, if its error is below this part of the other's; else both are mixed
ERROR_MAX_SIGMAS = 2.5  # larger errors are clipped: the run was unusual

# What is shown
RANGE_SIGMAS = 1.2816  # of a normal distribution: 80 % lie between
LEFT_MIN_PART = 0.15  # of the estimate remains, however long no report is received
GAP_DECAY = 0.8  # of the longest gap between reports, with each report
SIGMA_MAX = 5.0  # from a 600th to 600 times
