"""The learned forecast: what it is without history, with it, and with history that is nonsense."""

import math
import random
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from tests.support.forecast_runs import SECONDS, run
from training_status.forecast.calibration import Calibration
from training_status.forecast.expectation import Expectation, RunTimes, of_other_domains, of_same_domain
from training_status.forecast.learned import Learned, RunMoment, estimate, guesses
from training_status.forecast.learned import forecast as forecast_later
from training_status.forecast.linear import linear_completion
from training_status.forecast.time_left import RunProgress
from training_status.forecast_methods import HISTORY, LINEAR, SHARES
from training_status.phases import PHASES, overall_percent

NOW = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
NONSENSE = {
    "unknown": (None,) * 7,
    "nothing": (0.0,) * 7,
    "ages": tuple(seconds * 1e6 for seconds in SECONDS),
    "no time": tuple(seconds / 1e6 for seconds in SECONDS),
    "endless": (math.inf,) * 7,
    "no number": (math.nan,) * 7,
    "backwards": (-5.0,) * 7,
    "one phase": (None, None, 600.0, None, None, None, None),
}


class Report(NamedTuple):
    """The last report of a run, `since_s` ago."""

    progress: RunProgress
    elapsed_s: float
    since_s: float
    usual_gap_s: float


class Told(NamedTuple):
    left_s: float
    low_s: float
    high_s: float
    method: str
    based_on_runs: int


def forecast(expected: Expectation | None, report: Report, score: Calibration | None = None) -> Told | None:
    learned = Learned(expected, score or Calibration())
    moved = RunMoment(report.progress, report.elapsed_s)
    guessed = guesses(learned, moved)
    if guessed is None:
        return None
    made = estimate(learned, guessed, report.usual_gap_s)
    linear_left_s = (report.elapsed_s + report.since_s) / moved.part_done * (1 - moved.part_done)
    told = forecast_later(made, since_s=report.since_s, linear_left_s=linear_left_s)
    return Told(*told, made.method, made.based_on_runs)


def at(phase: int, fraction: float, *, slower: float = 1.0, since_s: float = 0.0) -> Report:
    """A run that goes as `SECONDS` say, but so many times slower."""
    behind = [seconds * slower for seconds in SECONDS[:phase]]
    phase_s = SECONDS[phase] * fraction * slower
    return Report(RunProgress(behind, phase, fraction, phase_s), sum(behind) + phase_s, since_s, 10.0)


def left(report: Report, slower: float = 1.0) -> float:
    progress = report.progress
    return slower * ((1 - progress.fraction) * SECONDS[progress.phase] + sum(SECONDS[progress.phase + 1 :]))


@pytest.mark.parametrize(
    ("phase", "fraction", "since_s"), [(0, 0.5, 0.0), (2, 0.1, 30.0), (5, 0.9, 5.0), (6, 1.0, 0.0)]
)
def test_with_nothing_learned_it_is_the_linear_formula(phase: int, fraction: float, since_s: float) -> None:
    report = at(phase, fraction, since_s=since_s)
    made = forecast(None, report)
    assert made is not None
    percent = overall_percent(PHASES[phase].name, fraction)
    completion = linear_completion(now=NOW, elapsed_ms=(report.elapsed_s + since_s) * 1000, percent=percent)
    assert completion is not None
    assert made.left_s == pytest.approx((completion - NOW).total_seconds(), abs=1e-5)
    assert (made.method, made.based_on_runs) == (LINEAR, 0)
    assert made.low_s <= made.left_s <= made.high_s


def test_nothing_is_said_before_anything_is_done() -> None:
    assert forecast(of_same_domain([run()] * 3, 100, is_new=False), at(0, 0.0)) is None


@pytest.mark.parametrize(("phase", "fraction"), [(1, 0.5), (2, 0.3), (3, 0.5), (5, 0.5)])
def test_a_run_like_those_before_is_known(phase: int, fraction: float) -> None:
    made = forecast(of_same_domain([run()] * 5, 100, is_new=False), at(phase, fraction))
    assert made is not None
    assert made.left_s == pytest.approx(left(at(phase, fraction)), rel=0.02)
    assert (made.method, made.based_on_runs) == (HISTORY, 5)


@pytest.mark.parametrize("slower", [0.3, 4.0, 8.0])
def test_a_sudden_change_of_pace_is_believed_once_it_shows(slower: float) -> None:
    made = forecast(of_same_domain([run()] * 10, 100, is_new=False), at(3, 0.5, slower=slower))
    assert made is not None
    assert made.left_s == pytest.approx(left(at(3, 0.5), slower), rel=0.15)
    assert made.low_s < left(at(3, 0.5), slower) < made.high_s


def test_five_times_the_samples_take_longer_from_the_start() -> None:
    made = forecast(of_same_domain([run()] * 5, 500, is_new=False), at(1, 0.1, slower=5))
    assert made is not None
    assert made.left_s == pytest.approx(5 * sum(SECONDS), rel=0.2)


def test_the_first_half_of_a_phase_may_take_less() -> None:
    halves = tuple(0.25 if phase == 2 else None for phase in range(len(PHASES)))
    expected = of_same_domain([RunTimes(SECONDS, halves)] * 8, None, is_new=False)
    made = forecast(expected, Report(RunProgress(SECONDS[:2], 2, 0.5, 150.0), 160.0, 0.0, 10.0))
    assert made is not None
    assert made.left_s == pytest.approx(450 + sum(SECONDS[3:]), rel=0.1)


def test_it_counts_down_for_a_while_and_never_to_nothing() -> None:
    expected = of_same_domain([run()] * 5, 100, is_new=False)
    made = [forecast(expected, at(2, 0.5, since_s=since_s)) for since_s in (0.0, 5.0, 15.0, 1e4)]
    seconds = [one.left_s for one in made if one]
    assert seconds[1] == pytest.approx(seconds[0] - 5)
    assert seconds[2] == seconds[3] == pytest.approx(seconds[0] - 10)
    almost = forecast(expected, at(6, 0.9, since_s=1e4))
    assert almost is not None
    assert almost.left_s > 0


def test_other_domains_are_believed_as_far_as_the_run_is_like_them() -> None:
    expected = of_other_domains([run()] * 4, domains=4)
    like = forecast(expected, at(3, 0.5))
    assert like is not None
    assert like.method == SHARES
    assert like.left_s == pytest.approx(left(at(3, 0.5)), rel=0.25)
    specified = [phase.end - phase.start for phase in PHASES]
    unlike = forecast(expected, Report(RunProgress(specified[:3], 3, 0.5, 17.5), 62.5, 0.0, 1.0))
    assert unlike is not None
    assert unlike.left_s == pytest.approx(37.5, rel=0.25)


@pytest.mark.parametrize("poison", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_teaches_nothing(poison: tuple[float | None, ...]) -> None:
    good = forecast(of_same_domain([run()] * 4, 100, is_new=False), at(2, 0.5))
    made = forecast(of_same_domain([run(), run(poison), run(), run(), run()], 100, is_new=False), at(2, 0.5))
    assert good is not None
    assert made is not None
    assert made.left_s == pytest.approx(good.left_s, rel=0.05)
    said = forecast(of_same_domain([run(poison)] * 3, 100, is_new=False), at(2, 0.5))
    assert said is not None
    assert 0 < said.low_s <= said.left_s <= said.high_s < math.inf


def test_whatever_is_reported_a_number_comes_out() -> None:
    chance = random.Random(8)

    def some_seconds() -> float:
        return chance.choice([0.0, 1e-9, 1.0, 1e9]) * chance.random()

    for _ in range(2000):
        runs = [
            RunTimes(
                tuple(chance.choice([None, some_seconds()]) for _ in PHASES),
                tuple(chance.choice([None, chance.random(), 0.0, 1.0, 7.0]) for _ in PHASES),
                chance.choice([None, 0, 1, 10**12]),
            )
            for _ in range(chance.randrange(4))
        ]
        phase = chance.randrange(len(PHASES))
        behind, phase_s = [some_seconds() for _ in range(phase)], some_seconds()
        progress = RunProgress(behind, phase, chance.choice([0.0, 1e-12, chance.random(), 1.0]), phase_s)
        report = Report(progress, sum(behind) + phase_s, some_seconds(), some_seconds())
        same = of_same_domain(runs, chance.choice([None, 0, 5]), is_new=chance.random() < 0.5)
        for expected in (None, same, of_other_domains(runs, domains=2)):
            made = forecast(expected, report)
            if made is not None:
                assert 0 <= made.low_s <= made.left_s <= made.high_s
                assert math.isfinite(made.high_s)
