"""What each part of the forecast adds: the forecast without it, over the generated runs of all scenarios.

The first table leaves parts out, the second one (`numbers`) halves and doubles each number of
`training_status/forecast/parameters.py`. Error: the mean over the scenarios of the error relative to the linear
formula's. Gain kept: what is below the linear formula's error, in parts of what the whole forecast gains. The largest
loss and gain are those of one scenario, in parts of its error. Where the range is right it holds 80 %.
"""

import multiprocessing
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from forecast_learned import History
from forecast_replay import Part, Replayed, Result, prepare, replay
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
_cases: dict[bool, list[Replayed]] = {}
_jobs: list[tuple[Part, bool]] = []


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


def measure(job: int) -> dict[str, Result]:
    """The results of the scenarios, in a process that was forked with all cases and jobs."""
    part, odd = _jobs[job]
    return replay(_cases[odd], part)


def row(part: Part, found: dict[str, Result], whole: dict[str, Result]) -> tuple[str, ...]:
    """The cells of one part and one half of the seeds."""
    errors = [result.error for result in found.values()]
    changes = {name: result.error / whole[name].error - 1 for name, result in found.items()}
    most, least = max(changes, key=changes.__getitem__), min(changes, key=changes.__getitem__)
    covered = sorted(result.covered for result in found.values())
    return (
        f"{statistics.mean(errors):.4f}",
        f"{(1 - statistics.mean(errors)) / (1 - statistics.mean(result.error for result in whole.values())):.0%}",
        "" if part is WHOLE else f"{changes[most]:+.1%} {most}",
        "" if part is WHOLE else f"{changes[least]:+.1%} {least}",
        "" if part.left_s else f"{covered[0]:.0%}–{covered[-1]:.0%}",
    )


def main(chosen: list[str]) -> None:
    """Both tables; or only the parts whose names contain one of the words."""
    for odd in (False, True):
        _cases[odd] = prepare(odd=odd)
        replay(_cases[odd], WHOLE)  # caches the guesses of the formula for all
    parts = [WHOLE, *PARTS]
    of_numbers = list(numbers())
    if chosen:
        parts = [part for part in parts if part is WHOLE or any(word in part.name for word in chosen)]
        of_numbers = [part for part in of_numbers if any(word in part.name for word in chosen)]
    _jobs.extend((part, odd) for part in parts for odd in (False, True))
    _jobs.extend((part, False) for part in of_numbers)
    whole: dict[bool, dict[str, Result]] = {}
    rows: list[tuple[str, ...]] = []
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        for (part, odd), found in zip(_jobs, pool.imap(measure, range(len(_jobs))), strict=True):
            whole.setdefault(odd, found)
            rows.append((part.name, "odd" if odd else "even", *row(part, found, whole[odd])))
    head = ("forecast", "seeds", "error", "gain kept", "largest loss", "largest gain", "in range")
    report("forecast_parts", "What the parts of the forecast add", head, rows[: 2 * len(parts)])
    report("forecast_numbers", "Numbers of the forecast, halved and doubled", head, rows[2 * len(parts) :])


if __name__ == "__main__":
    main(sys.argv[1:])
