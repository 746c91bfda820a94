"""What may happen to the trainings of a domain. Written down before the forecaster; none is ever taken out.

A scenario makes, of a number (the seed), the runs that there were and the run whose time left is to be estimated. Even
seeds are for tuning, odd ones for the figures that are reported.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from forecast_runs import PHASES, Configuration, GeneratedRun, Pace, broken_off, generate

SEEDS = range(80)
SPECIFIED = (5.0, 5.0, 35.0, 35.0, 5.0, 10.0, 5.0)
TYPICAL = (0.6, 2.0, 55.0, 30.0, 0.6, 11.0, 0.8)  # of a real training: what asks the model takes the time
ASKS_THE_MODEL = (False, False, True, True, False, True, False)
CONFIGURATION = Configuration("qwen3:32b", "miprov2", 120)

RIGHT, WRONG, EITHER = "right", "wrong", "either"


class Case(NamedTuple):
    """The runs that there were, oldest first, also of other domains, and the one that is going on."""

    earlier: list[GeneratedRun]
    current: GeneratedRun


class Scenario(NamedTuple):
    """`weights`: whether phases take the specified shares of the time; `runs`: how many completed runs tell of it."""

    name: str
    weights: str
    runs: int
    make: Callable[[random.Random], Case]


def usual_seconds(chance: random.Random, shares: Sequence[float], spread: float) -> list[float]:
    """What the phases of a domain usually take: a run of 5 min to 5 h, its shares more or less these."""
    total_s = 300 * 60 ** chance.random()
    own = [share * chance.lognormvariate(0, spread) for share in shares]
    return [total_s * share / sum(own) for share in own]


def times(usual_s: Sequence[float], factor: float, where: Sequence[bool] = (True,) * PHASES) -> list[float]:
    """These phases taking so many times as long."""
    return [seconds * (factor if is_meant else 1.0) for seconds, is_meant in zip(usual_s, where, strict=True)]


def _steady(shares: Sequence[float], spread: float, runs: int, pace: Pace) -> Callable[[random.Random], Case]:
    """The same training again and again."""

    def make(chance: random.Random) -> Case:
        usual_s = usual_seconds(chance, shares, spread)
        made = [generate("medical", CONFIGURATION, usual_s, pace, chance) for _ in range(runs + 1)]
        return Case(made[:-1], made[-1])

    return make


def _sudden(runs: int, since: int, factor: float, now: Configuration) -> Callable[[random.Random], Case]:
    """What asks the model takes longer, since so many runs and in the current one."""

    def make(chance: random.Random) -> Case:
        usual_s = usual_seconds(chance, TYPICAL, 0.5)
        slower_s = times(usual_s, factor, ASKS_THE_MODEL)
        before = [generate("medical", CONFIGURATION, usual_s, Pace(), chance) for _ in range(runs)]
        after = [generate("medical", now, slower_s, Pace(), chance) for _ in range(since + 1)]
        return Case(before + after[:-1], after[-1])

    return make


def _five_times_the_data(chance: random.Random) -> Case:
    usual_s = usual_seconds(chance, TYPICAL, 0.5)
    more = replace_count(CONFIGURATION, 5)
    before = [generate("medical", CONFIGURATION, usual_s, Pace(), chance) for _ in range(10)]
    where = (False, True, True, True, False, True, False)
    return Case(before, generate("medical", more, times(usual_s, 5, where), Pace(), chance))


def _growth(chance: random.Random) -> Case:
    usual_s = usual_seconds(chance, TYPICAL, 0.5)
    made = []
    for number in range(13):
        factor = 1.15**number
        configuration = replace_count(CONFIGURATION, factor)
        made.append(generate("medical", configuration, times(usual_s, factor), Pace(), chance))
    return Case(made[:-1], made[-1])


def _unseen(chance: random.Random) -> Case:
    """A model that this domain never used, but others did: it is two and a half times as slow."""
    slow = CONFIGURATION._replace(llm_model="llama4:70b")
    earlier = []
    for name in ("legal", "finance", "biology"):
        usual_s = usual_seconds(chance, TYPICAL, 0.5)
        slower_s = times(usual_s, 2.5, ASKS_THE_MODEL)
        for _ in range(3):
            earlier.append(generate(name, CONFIGURATION, usual_s, Pace(), chance))
            earlier.append(generate(name, slow, slower_s, Pace(), chance))
    usual_s = usual_seconds(chance, TYPICAL, 0.5)
    earlier += [generate("medical", CONFIGURATION, usual_s, Pace(), chance) for _ in range(6)]
    return Case(earlier, generate("medical", slow, times(usual_s, 2.5, ASKS_THE_MODEL), Pace(), chance))


def _others_only(shares: Sequence[float]) -> Callable[[random.Random], Case]:
    """The first run of a domain, with four other domains to learn the usual shares from."""

    def make(chance: random.Random) -> Case:
        earlier = []
        for name in ("legal", "finance", "biology", "news"):
            usual_s = usual_seconds(chance, TYPICAL, 0.5)
            earlier += [generate(name, CONFIGURATION, usual_s, Pace(), chance) for _ in range(4)]
        usual_s = usual_seconds(chance, shares, 0.5)
        return Case(earlier, generate("medical", CONFIGURATION, usual_s, Pace(), chance))

    return make


def _poisoned(chance: random.Random) -> Case:
    """Half of the earlier runs failed, were skipped through, or have times that cannot be."""
    usual_s = usual_seconds(chance, TYPICAL, 0.5)
    made = [generate("medical", CONFIGURATION, usual_s, Pace(), chance) for _ in range(13)]
    spoilt: list[GeneratedRun] = []
    for number, run in enumerate(made[:-1]):
        if number % 4 == 1:
            spoilt.append(broken_off(run, chance.uniform(0.05, 0.9)))
        elif number % 4 == 2:
            spoilt.append(replace(run, phase_s=tuple(0.0 if chance.random() < 0.5 else s for s in run.phase_s)))
        elif number % 4 == 3 and number % 8 == 7:
            spoilt.append(replace(run, phase_s=tuple(seconds * 1e6 for seconds in run.phase_s)))
        else:
            spoilt.append(run)
    return Case(spoilt, made[-1])


def replace_count(configuration: Configuration, factor: float) -> Configuration:
    """So many times the samples."""
    return configuration._replace(sample_count=round(configuration.sample_count * factor))


SLOW_MODEL = CONFIGURATION._replace(llm_model="llama4:70b")

SCENARIOS = (
    Scenario("weights right", RIGHT, 8, _steady(SPECIFIED, 0.0, 8, Pace())),
    Scenario("weights right, much jitter", RIGHT, 8, _steady(SPECIFIED, 0.0, 8, Pace(0.25, 0.25, 0.6))),
    Scenario("weights right, first run", RIGHT, 0, _steady(SPECIFIED, 0.0, 0, Pace())),
    Scenario("weights wrong", WRONG, 10, _steady(TYPICAL, 0.5, 10, Pace())),
    Scenario("weights wrong, three runs", WRONG, 3, _steady(TYPICAL, 0.5, 3, Pace())),
    Scenario("weights wrong, one run", EITHER, 1, _steady(TYPICAL, 0.5, 1, Pace())),
    Scenario("weights wrong, first run", EITHER, 0, _steady(TYPICAL, 0.5, 0, Pace())),
    Scenario("first run beside other domains", EITHER, 0, _others_only(TYPICAL)),
    Scenario("first run, unlike other domains", EITHER, 0, _others_only(SPECIFIED)),
    Scenario("later steps take longer", WRONG, 8, _steady(TYPICAL, 0.5, 8, Pace(later_steps=5.0))),
    Scenario("much jitter", WRONG, 8, _steady(TYPICAL, 0.5, 8, Pace(0.3, 0.25, 0.8))),
    Scenario("stalls", WRONG, 8, _steady(TYPICAL, 0.5, 8, Pace(stalls=0.03, stall_part=0.08))),
    Scenario("rate limit", WRONG, 8, _steady(TYPICAL, 0.5, 8, Pace(slow_from=0.6, slowness=2.0))),
    Scenario("growth", WRONG, 12, _growth),
    Scenario("slower model", EITHER, 0, _sudden(10, 0, 4.0, SLOW_MODEL)),
    Scenario("slower model, third run", EITHER, 2, _sudden(10, 2, 4.0, SLOW_MODEL)),
    Scenario("slower service, unannounced", EITHER, 10, _sudden(10, 0, 3.0, CONFIGURATION)),
    Scenario("five times the data", EITHER, 0, _five_times_the_data),
    Scenario("a model that only others used", EITHER, 0, _unseen),
    Scenario("poisoned history", WRONG, 6, _poisoned),
)
