"""How far off estimates of the time left are, over generated runs: mean absolute percentage error, and jumps.

An estimate is asked for at 94 moments, from 2 % to 95 % of a run's time, those left out at which nothing was reported
yet and so no formula can say anything. Its error is in parts of the time really left, ten times it for saying nothing.
A jump is an estimate of the end that moves by more than a tenth of the run between two of these moments.
"""

import random
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from forecast_baselines import BASELINES, Estimate, EstimatorMaker, part_done
from forecast_learned import Service
from forecast_scenarios import EITHER, RIGHT, SCENARIOS, SEEDS, WRONG, Case, Scenario
from table import report

MOMENTS = [percent / 100 for percent in range(2, 96)]
JUMP = 0.1
RATIO_MAX = {WRONG: 0.35, RIGHT: 1.0, EITHER: 1.05}
COVERED = (0.75, 0.92)
_ERROR_MAX = 10.0  # ten times the time left: what is beyond is as wrong


class Score(NamedTuple):
    """Of one estimator in one scenario, 0 to 1; `covered` None where it has no range."""

    error: float
    jumps: float
    covered: float | None


def estimates(case: Case, make: EstimatorMaker) -> Iterator[tuple[float, Estimate | None]]:
    """Each moment's time and estimate."""
    estimator, run = make(case), case.current
    for moment in MOMENTS:
        now_s = moment * run.total_s
        last = run.report_at(now_s)
        if part_done(last) > 0:
            yield now_s, estimator.estimate(now_s, last)


def score(scenario: Scenario, make: EstimatorMaker, *, odd: bool) -> Score:
    """Over all cases with odd, or with even, seeds."""
    errors, jumps, covered = [], [], []
    for seed in SEEDS:
        if seed % 2 == odd:
            case = scenario.make(random.Random(f"{scenario.name} {seed}"))
            end_before = None
            for now_s, estimate in estimates(case, make):
                left_s = case.current.total_s - now_s
                errors.append(_ERROR_MAX if estimate is None else min(_ERROR_MAX, abs(estimate.left_s / left_s - 1)))
                if estimate is None:
                    continue
                end = now_s + estimate.left_s
                if end_before is not None:
                    jumps.append(abs(end - end_before) > JUMP * case.current.total_s)
                end_before = end
                if estimate.low_s is not None and estimate.high_s is not None:
                    covered.append(estimate.low_s <= left_s <= estimate.high_s)
    return Score(
        statistics.mean(errors),
        statistics.mean(jumps) if jumps else 0.0,
        statistics.mean(covered) if covered else None,
    )


def main(*, odd: bool) -> None:
    """The table of all scenarios and estimators."""
    rows, missed = [], []
    for scenario in SCENARIOS:
        linear, *others = [score(scenario, make, odd=odd) for make in BASELINES.values()]
        own = score(scenario, Service, odd=odd)
        ratio = own.error / linear.error
        covered = own.covered or 0.0
        if ratio > RATIO_MAX[scenario.weights] or not COVERED[0] <= covered <= COVERED[1]:
            missed.append(scenario.name)
        cells = (
            f"{ratio:.2f}",
            f"{covered:.0%}",
            *(f"{one.error:.0%} {one.jumps:.0%}" for one in (own, linear, *others)),
        )
        rows.append((scenario.name, scenario.weights, *cells))
    title = "Error of the time left, in percent of it, and share of jumps; " + ("odd seeds" if odd else "even seeds")
    head = ("scenario", "weights", "of linear", "in range", "learned", *BASELINES)
    verdict = (
        "of linear at most 0.35 with wrong weights and three or more runs, 1.00 with right ones, 1.05 elsewhere; "
        f"in range 75 to 92 %: {'yes' if not missed else 'NOT in: ' + ', '.join(missed)}"
    )
    report("forecasts" if odd else "forecasts_tuning", title, head, rows, verdict)


if __name__ == "__main__":
    main(odd="even" not in sys.argv[1:])
