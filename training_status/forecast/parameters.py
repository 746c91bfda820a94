"""The numbers of the forecast.

docs/forecast.md says where each comes from. `benchmarks/forecast_parts.py` halves and doubles them, and measures how
error and coverage change. Sigmas are those of logarithms: 0.1 is about 10 %.
"""

# Which earlier runs are read
RUNS_MAX = 20  # of the same domain
RUNS_CONSIDERED = 60  # of the domain, among which those with the same configuration are chosen
OTHER_RUNS_CONSIDERED = 500  # of other domains, among which those with the same optimiser are chosen
OTHER_RUNS_PER_DOMAIN = 4
OTHER_RUNS_MAX = 60

# What earlier runs teach
WEIGHT_DECAY = 0.88  # the weight of a run relative to the next one
SHORTEST_S = 0.001  # shorter and longer times of phases are ignored
LONGEST_S = 1e7
OUTLIER_LOG = 2.0  # so is a time that is this far from the median: seven times as long, or a seventh
USUAL_SIGMA = 0.18  # prior sigma of a run's pace, and of a phase relative to the pace
USUAL_STEP_SIGMA = 0.10
PRIOR_RUNS = 2.0  # the prior variance has the weight of this many runs
GROWTH_SIGMA = 0.3  # when the samples grow by a factor of e
OTHER_DOMAINS_SIGMA = 0.35  # of a phase's share of the time between domains
PRIOR_DOMAINS = 4.0  # with this many domains the prior weight of their shares is one half
SPECIFIED_SIGMA = 0.4  # of the specified shares, which were not measured

# The pace of a run
PACE_CHANGE_PROBABILITY = 0.4  # of a pace unlike all earlier ones …
PACE_CHANGE_PROBABILITY_IF_NEW = 0.7  # … for a configuration that is new to the domain
NEW_PACE_SIGMA = 0.9
CHANGED_PACE_SIGMA = 1.0
SHARE_EXPONENT = 1.1
EPSILON_S = 1e-9

# The range of the linear formula
TRUE_SIGMA = 0.08  # the specified shares are true …
ROUGHLY_TRUE_SIGMA = 0.35  # … or roughly true …
NO_GUIDE_SIGMA = 1.0  # … or meaningless
LINEAR_SIGMA_MIN = 0.02
UNKNOWN_SIGMA = 1.0  # while nothing that is done has taken any time

# Calibration by the forecasts of earlier runs
CALIBRATION_PRIOR_RUNS = 3.0  # the prior of correct ranges has the weight of this many runs
CALIBRATION_RUNS_MIN = 3  # runs needed before the linear formula may be used …
CLEARLY_BETTER = 0.9  # … alone, if its error is below this part; otherwise both are mixed
ERROR_MAX_SIGMAS = 2.5  # larger errors are clipped: the run was unusual
FACTOR_MIN = 0.92

# What is shown
RANGE_SIGMAS = 1.2816  # of a normal distribution: 80 % lie between
LEFT_MIN_PART = 0.15  # of the estimate remains, however long no report is received
COUNTDOWN_GAPS = 1.5
GAP_DECAY = 0.8
WAITING_SIGMA = 0.15
SIGMA_MIN = 0.03
SIGMA_MAX = 5.0  # from a 600th to 600 times
