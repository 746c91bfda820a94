"""How right a forecast of runs that differ much could be at all: one that is told what nobody can know.

It knows the seconds that the phases of the generated domain usually take, and how far each run, phase and step is off
from them: only what the run's own dice say is unknown to it. What it reaches nothing can be expected to better by much.
"""

import math
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from forecast_baselines import BASELINES
from forecast_learned import Service
from forecast_scenarios import SCENARIOS, SEEDS, TYPICAL, Case, usual_seconds
from forecasts import score
from table import report

from training_status.forecast.expectation import Expectation
from training_status.forecast.learned import Learned
from training_status.forecast_methods import HISTORY

SCENARIO = next(scenario for scenario in SCENARIOS if scenario.name == "much jitter")
RUN_SIGMA, PHASE_SIGMA = 0.3, 0.25  # as the scenario's runs are made
FIRST_HALF_SIGMA = 0.19  # of a phase of 24 steps, each off by a sigma of 0.8


class Told(Service):
    """The service's forecast with a perfect memory instead of a history of eight runs."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        usual = tuple(math.log(seconds) for seconds in _USUAL[case.current.total_s])
        self._learned = Learned(
            Expectation(
                method=HISTORY,
                runs=len(SEEDS),
                log_seconds=usual,
                pace_sigma=RUN_SIGMA,
                phase_sigma=PHASE_SIGMA,
                step_sigma=FIRST_HALF_SIGMA,
            )
        )


def _usual_by_run() -> dict[float, list[float]]:
    """The usual seconds that were drawn for a case before its runs, by the time that its current run takes."""
    usual = {}
    for seed in SEEDS:
        name = f"{SCENARIO.name} {seed}"
        usual_s = usual_seconds(random.Random(name), TYPICAL, 0.5)
        usual[SCENARIO.make(random.Random(name)).current.total_s] = usual_s
    return usual


_USUAL = _usual_by_run()


def main() -> None:
    """Both, on odd and on even seeds."""
    rows = []
    for odd in (True, False):
        linear = score(SCENARIO, BASELINES["linear"], odd=odd)
        learned, told = (score(SCENARIO, maker, odd=odd) for maker in (Service, Told))
        ratios = (f"{one.error / linear.error:.2f}" for one in (learned, told))
        rows.append(("odd" if odd else "even", *ratios, f"{linear.error:.0%}"))
    title = f'Error of the time left in the scenario "{SCENARIO.name}", of linear\'s'
    head = ("seeds", "learned from eight runs", "told everything", "linear")
    report("forecast_bound", title, head, rows, "Told everything: about what could be learned at best.")


if __name__ == "__main__":
    main()
