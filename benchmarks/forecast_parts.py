"""What each part of the forecast adds: the forecast without it, over the generated runs of all scenarios.

The first table leaves parts out, the second one (`numbers`) halves and doubles each number of
`training_status/forecast/parameters.py`. Error: the mean over the scenarios of the error relative to the linear
formula's. The largest loss and gain are those of one scenario, in parts of its error.
"""

import multiprocessing
import statistics
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from forecast_replay import Part, Replayed, Result, prepare, replay
from forecast_simple import simple_left_s
from table import report

from training_status.forecast import parameters
from training_status.forecast.scoring import Calibration

WORKERS = 2
LINEAR_NUMBERS = ("TRUE_SIGMA", "ROUGHLY_TRUE_SIGMA", "NO_GUIDE_SIGMA", "LINEAR_SIGMA_MIN", "UNKNOWN_SIGMA")
WHOLE = Part("the whole")
PARTS = (
    Part("medians times shrunk pace", left_s=simple_left_s),
    Part("without decay of weights", {"WEIGHT_DECAY": 1.0}),
    Part("without removal of outliers", {"OUTLIER_LOG": 1e9}),
    Part("without learned spreads", {"PRIOR_RUNS": 1e9}),
    Part("without changes of pace", {"PACE_CHANGE_PROBABILITY": 0.0, "PACE_CHANGE_PROBABILITY_IF_NEW": 0.0}),
    Part("new configurations as others", {"PACE_CHANGE_PROBABILITY_IF_NEW": 0.4}),
    Part("new configurations at any pace", {"PACE_CHANGE_PROBABILITY_IF_NEW": 1.0}),
    Part("without scaling by samples", history=lambda history: history._replace(sample_count=None)),
    Part("without widening by samples", {"GROWTH_SIGMA": 0.0}),
    Part("without other domains", history=lambda history: history._replace(others=[])),
    Part("other domains alone", {"PRIOR_DOMAINS": 1e-9}),
    Part(
        "without pace within phases",
        history=lambda history: history._replace(
            own=[run._replace(first_halves=(None,) * len(run.seconds)) for run in history.own]
        ),
    ),
    Part("without calibration", calibration=lambda _: Calibration()),
    Part("without mixing with linear", calibration=lambda found: replace(found, linear_weight=0.0)),
    Part(
        "without calibration of ranges",
        calibration=lambda found: replace(found, learned_factor=1.0, linear_factor=1.0),
    ),
    Part("without countdown", {"COUNTDOWN_GAPS": 1e-9}),
    Part("countdown without end", {"COUNTDOWN_GAPS": 1e9}),
    Part("without widening by waiting", {"WAITING_SIGMA": 0.0}),
    Part("share exponent 1", {"SHARE_EXPONENT": 1.0}),
    Part("linear: one hypothesis", dict.fromkeys(LINEAR_NUMBERS[:3], 0.5), changes_linear=True),
)
# Bounds of what is read, and of what is possible: they change nothing here.
BOUNDS = ("RUNS_CONSIDERED", "OTHER_RUNS_CONSIDERED", "OTHER_RUNS_PER_DOMAIN", "OTHER_RUNS_MAX", "RANGE_SIGMAS")
_cases: dict[bool, list[Replayed]] = {}
_jobs: list[tuple[Part, bool]] = []


def numbers() -> Iterator[Part]:
    """Each number halved and doubled."""
    for name, value in vars(parameters).items():
        if name.isupper() and name not in BOUNDS:
            for factor in (0.5, 2.0):
                changed = type(value)(value * factor)
                if "PROBABILITY" in name or "DECAY" in name:  # halved and doubled is what is missing to 1
                    changed = 1 - (1 - value) * factor if value >= 0.5 or factor == 2 else value * factor
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
    head = ("forecast", "seeds", "error", "largest loss", "largest gain", "in range")
    report("forecast_parts", "What the parts of the forecast add", head, rows[: 2 * len(parts)])
    report("forecast_numbers", "Numbers of the forecast, halved and doubled", head, rows[2 * len(parts) :])


if __name__ == "__main__":
    main(sys.argv[1:])
