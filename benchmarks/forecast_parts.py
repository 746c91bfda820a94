"""What each part of the forecast adds: the forecast without it, over the generated runs of all scenarios.

The first table leaves parts out, the second one (`numbers`) halves and doubles each number of
`training_status/forecast/parameters.py`. Error: the mean over the scenarios of the error relative to the linear
formula's. Gain kept: what is below the linear formula's error, in parts of what the whole forecast gains. The largest
loss and gain are those of one scenario, in parts of its error. Where the range is right it holds 80 %.
"""

import multiprocessing
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from forecast_learned import History
from forecast_replay import Part, Result, prepare, replay
from forecast_scenarios import SCENARIOS
from forecast_simple import simple_left_s
from msgspec.structs import replace
from table import report

from training_status.forecast import parameters
from training_status.forecast.expectation import RunTimes

WORKERS = 2
LINEAR_NUMBERS = ("TRUE_SIGMA", "ROUGHLY_TRUE_SIGMA", "NO_GUIDE_SIGMA", "UNKNOWN_SIGMA")
WHOLE = Part("the whole")
PARTS = (
    Part("medians of phases, shrunk pace", left_s=simple_left_s),
    Part("without removal of outliers", {"OUTLIER_LOG": 1e9}),
    Part("without learned spreads", {"PRIOR_RUNS": 1e9}),
    Part("without changes of pace", {"PACE_CHANGE_PROBABILITY": 0.0}),
    Part("without scaling by samples", history=lambda history: history._replace(sample_count=None)),
    Part("without pace within phases", history=lambda history: history._replace(own=_without_halves(history))),
    Part("without other domains", history=lambda history: history._replace(others=[])),
    Part("other domains' shares alone", {"PRIOR_DOMAINS": 1e-9}),
    Part("without mixing with linear", calibration=lambda found: replace(found, linear_weight=0.0)),
    Part("without calibration of ranges", calibration=lambda found: replace(found, learned_factor=1, linear_factor=1)),
    Part("without countdown", {"LEFT_MIN_PART": 1.0}),
    Part("linear range: one hypothesis", dict.fromkeys(LINEAR_NUMBERS[:3], 0.5), changes_linear=True),
)
# Without effect here: bounds of what is read, how often an estimate is computed, and the promised width of the range.
NOT_MEASURED = (
    "RUNS_CONSIDERED", "OTHER_RUNS_CONSIDERED", "OTHER_RUNS_PER_DOMAIN", "OTHER_RUNS_MAX",
    "ESTIMATE_EVERY_PERCENT", "ESTIMATE_EVERY_S", "RANGE_SIGMAS",
)  # fmt: skip


def _without_halves(history: History) -> list[RunTimes]:
    return [run._replace(first_halves=(None,) * len(run.seconds)) for run in history.own]


def numbers() -> Iterator[Part]:
    """Each number halved and doubled."""
    for name, value in vars(parameters).items():
        if name.isupper() and name not in NOT_MEASURED:
            for factor in (0.5, 2.0):
                changed = type(value)(value * factor)
                if name.endswith(("PROBABILITY", "DECAY", "BETTER")):  # a part of 1
                    changed = min(changed, (1 + value) / 2)
                yield Part(f"{name} = {changed:.3g}", {name: changed}, changes_linear=name in LINEAR_NUMBERS)


def measure(job: tuple[int, bool]) -> tuple[list[Result], list[Result]]:
    """The results of all parts in one scenario, with odd or with even seeds; with even ones of the numbers, too.

    The numbers are measured with every second of the even seeds.
    """
    place, odd = job
    cases = prepare(SCENARIOS[place], odd=odd)
    of_parts = [replay(cases, part) for part in (WHOLE, *PARTS)]
    return of_parts, [] if odd else [replay(cases[::2], part) for part in (WHOLE, *numbers())]


def rows(parts: Sequence[Part], seeds: str, by_scenario: Sequence[Sequence[Result]]) -> Iterator[tuple[str, ...]]:
    """The rows of all parts, with the results of the scenarios in their order."""
    whole, *_ = columns = list(zip(*by_scenario, strict=True))
    gain = 1 - statistics.mean(result.error for result in whole)
    for part, found in zip(parts, columns, strict=True):
        error = statistics.mean(result.error for result in found)
        changes = [
            (one.error / of_whole.error - 1, place)
            for place, (one, of_whole) in enumerate(zip(found, whole, strict=True))
        ]
        largest = [f"{change:+.1%} {SCENARIOS[place].name}" for change, place in (max(changes), min(changes))]
        covered = sorted(result.covered for result in found)
        range_text = "" if part.left_s else f"{covered[0]:.0%}–{covered[-1]:.0%}"
        yield part.name, seeds, f"{error:.4f}", f"{(1 - error) / gain:.0%}", *largest, range_text


def main() -> None:
    """Both tables."""
    jobs = [(place, odd) for odd in (False, True) for place in range(len(SCENARIOS))]
    with multiprocessing.Pool(WORKERS) as pool:
        results = pool.map(measure, jobs, chunksize=1)
    even, odd = results[: len(SCENARIOS)], results[len(SCENARIOS) :]
    parts = (WHOLE, *PARTS)
    of_even = rows(parts, "even", [of_parts for of_parts, _ in even])
    of_odd = rows(parts, "odd", [of_parts for of_parts, _ in odd])
    head = ("forecast", "seeds", "error", "gain kept", "largest loss", "largest gain", "in range")
    both = [row for pair in zip(of_even, of_odd, strict=True) for row in pair]
    report("forecast_parts", "What the parts of the forecast add", head, both)
    of_numbers = list(rows((WHOLE, *numbers()), "even", [found for _, found in even]))
    report("forecast_numbers", "Numbers of the forecast, halved and doubled", head, of_numbers)


if __name__ == "__main__":
    main()
