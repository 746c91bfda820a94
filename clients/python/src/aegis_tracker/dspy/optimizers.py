"""What each of DSPy's optimisers is expected to do.

One function per optimiser: `(optimizer, values)`, where `values` are the variables of its running `compile`: its
arguments, or what it has made of them, and the constants of its module. So nothing of DSPy's is called or imported
for it; what another version lacks raises when it is read.
"""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from aegis_tracker.dspy.expectations import Budget, Calls, CandidateRounds, Expectation, Schedule
from aegis_tracker.dspy.running_compile import first_class_of_dspy, variables_of
from aegis_tracker.dspy.steps import Evaluation, Search, Step

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Procedure:
    """How one of DSPy's optimisers goes about its work: `kind` is its class, whose `compile` does it."""

    kind: type
    expect: Callable[[Any, Values], Expectation]

    @property
    def name(self) -> str:
        """That of DSPy's class."""
        return self.kind.__name__

    @property
    def evaluates(self) -> bool:
        """Whether it has DSPy evaluate its programs, rather than call them itself."""
        return self.name not in ("BootstrapFewShot", "SIMBA")

    @property
    def evaluators(self) -> tuple[str, ...]:
        """The functions of DSPy's that start its evaluations."""
        return _EVALUATORS.get(self.name, (f"{self.kind.__qualname__}.compile",))

    def metric_of(self, optimizer: Any) -> Any:
        """The metric by which it judges."""
        return getattr(optimizer, "metric_fn" if self.name == "GEPA" else "metric", None)

    @property
    def searches(self) -> bool:
        """Whether searches for demonstrations, as BootstrapFewShot does them, are steps of it."""
        return self.name in ("BootstrapFewShotWithRandomSearch", "MIPROv2")

    def own_search(self, optimizer: Any, values: Values) -> Search | None:
        """The search that it is itself."""
        return search_of(optimizer, values) if self.name == "BootstrapFewShot" else None

    def student_test(self, optimizer: Any) -> Callable[[Any], bool]:
        """Which modules are the students that it calls by itself, not through an evaluation."""
        if self.name == "BootstrapFewShot":
            return teacher_test(optimizer)
        if self.name == "SIMBA":
            return lambda module: hasattr(module, _SIMBA_INDEX)
        return lambda module: False


def check_private_names(procedure: Procedure, frame: FrameType) -> None:
    """Raise LookupError when a private name of DSPy's is missing by which the calls of a procedure are recognized.

    `frame` is that of its running `compile`.
    """
    values = variables_of(frame)
    for name in _EVALUATORS.get(procedure.name, ()):
        owner, *attributes = name.split(".")
        found = values.get(owner)
        if found is None or not all(hasattr(found, attribute) for attribute in attributes):
            raise LookupError(f"it has no {name}")
    if procedure.name == "SIMBA" and _SIMBA_INDEX not in frame.f_code.co_names:
        raise LookupError(f"its SIMBA sets no {_SIMBA_INDEX}")


def procedure_of(optimizer: Any) -> Procedure | None:
    """What an optimiser does, unless it does something else in the place of its class's `compile`."""
    kind = first_class_of_dspy(optimizer)
    expect = _EXPECTATIONS.get(kind.__name__) if kind is not None else None
    if kind is None or expect is None or not all(_is_that_of(kind, optimizer, name) for name in _PARTS):
        return None
    return Procedure(kind, expect)


def _is_that_of(kind: type, optimizer: Any, name: str) -> bool:
    """Whether an optimiser has a method as the class has it, or neither does.

    A library's wrapper around a method may make a new object at each access, so they are compared as they are kept.
    """
    kept, of_the_class = (inspect.getattr_static(owner, name, None) for owner in (type(optimizer), kind))
    return name not in getattr(optimizer, "__dict__", {}) and kept is of_the_class


def is_search(optimizer: Any) -> bool:
    """Whether it is BootstrapFewShot, alone or as a step of another optimiser."""
    kind = first_class_of_dspy(optimizer)
    return kind is not None and kind.__name__ == "BootstrapFewShot"


def judging_examples(values: Values) -> Any:
    """The examples by which an optimiser judges: those it is given for that, or else those it trains with."""
    return values.get("valset") or values.get("trainset")


def teacher_test(optimizer: Any) -> Callable[[Any], bool]:
    """A test for the module that a BootstrapFewShot calls on examples. It raises AttributeError if there is none."""
    return lambda module: module is optimizer.teacher


def search_of(optimizer: Any, values: Values) -> Search:
    """The search that a BootstrapFewShot does."""
    most = len(values["trainset"]) * optimizer.max_rounds
    return Search(wanted=optimizer.max_bootstrapped_demos, most=most, optimizer=optimizer)


def continues(optimizer: Any) -> bool:
    """Whether it is a GEPA that goes on where an earlier one stopped. One that begins writes the file after its first
    evaluation."""
    folder = getattr(optimizer, "log_dir", None)
    return isinstance(folder, str | os.PathLike) and os.path.exists(os.path.join(folder, "gepa_state.bin"))


def _bootstrap(optimizer: Any, values: Values) -> Expectation:
    return Schedule([search_of(optimizer, values)])


def _random_search(optimizer: Any, values: Values) -> Expectation:
    full = len(judging_examples(values))
    most = len(values["trainset"]) * optimizer.max_rounds
    fewest, largest = optimizer.min_num_samples, optimizer.max_num_samples

    def steps() -> Iterator[Step]:
        for seed in range(-3, optimizer.num_candidate_sets):
            if values["restrict"] is not None and seed not in values["restrict"]:
                continue
            if seed >= -1:  # -3 has no demonstrations, -2 labelled ones
                yield Search(wanted=largest if seed == -1 else (fewest + largest) / 2, most=most)
            yield Evaluation(full)

    return Schedule(steps())


def _miprov2(optimizer: Any, values: Values) -> Expectation:
    bootstrapped, labeled = values["effective_max_bootstrapped_demos"], values["effective_max_labeled_demos"]
    full, trials = len(values["valset"]), values["num_trials"]
    if values["zeroshot_opt"]:
        bootstrapped = values["BOOTSTRAPPED_FEWSHOT_EXAMPLES_IN_CONTEXT"]

    def steps() -> Iterator[Step]:
        for seed in range(-3, values["num_fewshot_candidates"] - 3):
            if seed == -1 or (seed == -2 and not labeled) or seed >= 0:
                wanted = bootstrapped if seed == -1 else (1 + bootstrapped) / 2
                yield Search(wanted=wanted, most=len(values["trainset"]))
        yield Evaluation(full)
        if values["minibatch"]:
            every = values["minibatch_full_eval_steps"]
            yield from _minibatch_trials(trials, every, values["minibatch_size"], full)
        else:
            for _ in range(trials):
                yield Evaluation(full)

    return Schedule(steps(), proposes=True)


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


def _gepa(optimizer: Any, values: Values) -> Expectation:
    iteration = 2 * (optimizer.reflection_minibatch_size or 3) + len(judging_examples(values))
    return Budget(lambda: optimizer.max_metric_calls, iteration)


def _simba(optimizer: Any, values: Values) -> Expectation:
    batch, candidates, steps = optimizer.bsize, optimizer.num_candidates, optimizer.max_steps
    in_a_step = batch * candidates + batch * min(candidates + 1, batch)
    finalists = {round(i * steps / candidates) for i in range(candidates + 1)}
    return Calls(steps * in_a_step + len(finalists) * len(values["trainset"]))


def _copro(optimizer: Any, values: Values) -> Expectation:
    return CandidateRounds(
        breadth=optimizer.breadth,
        depth=optimizer.depth,
        predictors=len(values["student"].predictors()),
        size=len(values["trainset"]),
    )


# The methods of MIPROv2 and BootstrapFewShot that call students. One with another is another procedure.
_PARTS = (
    "_bootstrap",
    "_bootstrap_fewshot_examples",
    "_bootstrap_one_example",
    "_optimize_prompt_parameters",
    "_perform_full_evaluation",
)

_SIMBA_INDEX = "simba_idx"  # the attribute by which SIMBA knows its candidates

# What starts the evaluations of those whose `compile` does not do so itself.
_EVALUATORS = {"MIPROv2": ("eval_candidate_program",), "GEPA": ("DspyAdapter.evaluate",)}

_EXPECTATIONS: dict[str, Callable[[Any, Values], Expectation]] = {
    "BootstrapFewShot": _bootstrap,
    "BootstrapFewShotWithRandomSearch": _random_search,
    "MIPROv2": _miprov2,
    "GEPA": _gepa,
    "SIMBA": _simba,
    "COPRO": _copro,
}
