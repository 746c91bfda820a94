"""What each of DSPy's optimisers is expected to do, read from its settings.

One function per optimiser: `(optimizer, inputs)`, where `inputs` are the arguments of its `compile`, defaults
included. They are told apart by their `compile`: a subclass with another one is an optimiser we do not know.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import dspy
from dspy.teleprompt import mipro_optimizer_v2 as mipro

from aegis_tracker.dspy.expectations import Budget, Calls, CandidateRounds, Expectation, Schedule
from aegis_tracker.dspy.steps import Evaluation, Search, Step

Inputs = dict[str, Any]


def expectation_of(optimizer: Any, inputs: Inputs) -> Expectation | None:
    """What `optimizer.compile` is going to do; None for an optimiser we do not know.

    Raises whatever comes of settings that the optimiser itself is going to refuse.
    """
    expect = _EXPECTATIONS.get(type(optimizer).compile)
    return expect(optimizer, inputs) if expect else None


def is_search(optimizer: Any) -> bool:
    """Whether it is BootstrapFewShot, alone or as a step of another optimiser."""
    return type(optimizer).compile is dspy.BootstrapFewShot.compile


def is_simba(optimizer: Any) -> bool:
    """Whether it is SIMBA, which calls the student itself rather than evaluate it."""
    return type(optimizer).compile is dspy.SIMBA.compile


def is_gepa(optimizer: Any) -> bool:
    """Whether it is GEPA, which can be asked to stop."""
    return type(optimizer).compile is dspy.GEPA.compile


def search_of(optimizer: Any, inputs: Inputs) -> Search:
    """The search that a BootstrapFewShot does."""
    most = len(inputs["trainset"]) * optimizer.max_rounds
    return Search(wanted=optimizer.max_bootstrapped_demos, most=most, optimizer=optimizer)


def _bootstrap(optimizer: Any, inputs: Inputs) -> Expectation:
    return Schedule([search_of(optimizer, inputs)], full_size=None)


def _random_search(optimizer: Any, inputs: Inputs) -> Expectation:
    full = len(inputs["valset"] or inputs["trainset"])
    most = len(inputs["trainset"]) * optimizer.max_rounds
    fewest, largest = optimizer.min_num_samples, optimizer.max_num_samples

    def steps() -> Iterator[Step]:
        for seed in range(-3, optimizer.num_candidate_sets):
            if inputs["restrict"] is not None and seed not in inputs["restrict"]:
                continue
            if seed >= -1:  # -3 has no demonstrations, -2 labelled ones
                yield Search(wanted=largest if seed == -1 else (fewest + largest) / 2, most=most)
            yield Evaluation(full)

    return Schedule(steps(), full_size=full)


def _miprov2(optimizer: Any, inputs: Inputs) -> Expectation:
    bootstrapped = _first_given(inputs["max_bootstrapped_demos"], optimizer.max_bootstrapped_demos)
    labeled = _first_given(inputs["max_labeled_demos"], optimizer.max_labeled_demos)
    without_demos = bootstrapped == labeled == 0
    trainset, valset = optimizer._set_and_validate_datasets(inputs["trainset"], inputs["valset"])
    full, minibatch, trials = len(valset), inputs["minibatch"], inputs["num_trials"]
    if optimizer.auto is None:
        sets = _first_given(optimizer.num_fewshot_candidates, optimizer.num_candidates)
    else:
        auto = mipro.AUTO_RUN_SETTINGS[optimizer.auto]
        full, sets = min(full, auto["val_size"]), auto["n"]
        minibatch = full > mipro.MIN_MINIBATCH_SIZE
        trials = optimizer._set_num_trials_from_num_candidates(inputs["student"], without_demos, sets)
    if without_demos:
        bootstrapped = mipro.BOOTSTRAPPED_FEWSHOT_EXAMPLES_IN_CONTEXT

    def steps() -> Iterator[Step]:
        for seed in range(-3, sets - 3):
            if seed == -1 or (seed == -2 and not labeled) or seed >= 0:
                wanted = bootstrapped if seed == -1 else (1 + bootstrapped) / 2
                yield Search(wanted=wanted, most=len(trainset))
        yield Evaluation(full)
        if minibatch:
            every = inputs["minibatch_full_eval_steps"]
            yield from _minibatch_trials(trials, every, inputs["minibatch_size"], full)
        else:
            for _ in range(trials):
                yield Evaluation(full)

    return Schedule(steps(), full_size=full, proposes=True)


def _minibatch_trials(trials: int, every: int, size: int, full: int) -> Iterator[Step]:
    """The trials, with a full evaluation after each `every` of them and at the end, which are numbered along."""
    last = trials + trials // every + 1 + (trials % every != 0)
    number = 1  # the evaluation of the program as it is
    for _ in range(trials):
        number += 1
        yield Evaluation(size)
        if number % (every + 1) == 0 or number == last - 1:
            number += 1
            yield Evaluation(full)


def _gepa(optimizer: Any, inputs: Inputs) -> Expectation | None:
    if optimizer.log_dir and os.path.exists(os.path.join(optimizer.log_dir, "gepa_state.bin")):
        return None  # it goes on where an earlier process stopped: only GEPA knows how much is left
    full = len(inputs["valset"] or inputs["trainset"])
    iteration = 2 * (optimizer.reflection_minibatch_size or 3) + full
    return Budget(lambda: optimizer.max_metric_calls, iteration, full)


def _simba(optimizer: Any, inputs: Inputs) -> Expectation:
    batch, candidates, steps = optimizer.bsize, optimizer.num_candidates, optimizer.max_steps
    in_a_step = batch * candidates + batch * min(candidates + 1, batch)
    finalists = {round(i * steps / candidates) for i in range(candidates + 1)}
    return Calls(steps * in_a_step + len(finalists) * len(inputs["trainset"]))


def _copro(optimizer: Any, inputs: Inputs) -> Expectation:
    return CandidateRounds(
        breadth=optimizer.breadth,
        depth=optimizer.depth,
        predictors=len(inputs["student"].predictors()),
        size=len(inputs["trainset"]),
    )


def _first_given(*values: int | None) -> int:
    return next(value for value in values if value is not None)


_EXPECTATIONS: dict[Any, Callable[[Any, Inputs], Expectation | None]] = {
    dspy.BootstrapFewShot.compile: _bootstrap,
    dspy.BootstrapFewShotWithRandomSearch.compile: _random_search,
    dspy.MIPROv2.compile: _miprov2,
    dspy.GEPA.compile: _gepa,
    dspy.SIMBA.compile: _simba,
    dspy.COPRO.compile: _copro,
}
