"""Optimisers are known by what DSPy's own code does for them, however their `compile` is wrapped or replaced."""

import functools
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from statistics import fmean
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from aegis_tracker.number_text import number_text
from domain_training.tasks import Task
from watched_optimization import Student, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION
SETTINGS = {"auto": None, "num_candidates": 4, "metric_threshold": 0.8, "num_threads": 2, "seed": 1}
TRIALS = {"num_trials": 4, "minibatch": False}


def patched(original: Callable[..., Any]) -> Callable[..., Any]:
    """A wrapper as libraries that log put it over a method: behind the original's name, with a call of their own."""

    def safe_patch_function(*args: Any, **kwargs: Any) -> Any:
        def call_original(*og_args: Any, **og_kwargs: Any) -> Any:
            return original(*og_args, **og_kwargs)

        return functools.update_wrapper(call_original, original)(*args, **kwargs)

    return functools.update_wrapper(safe_patch_function, original)


def bare(original: Callable[..., Any]) -> Callable[..., Any]:
    """A wrapper that does not say what it wraps."""
    return lambda *args, **kwargs: original(*args, **kwargs)


@pytest.fixture(params=[patched, bare])
def patched_classes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every optimiser's class is patched after the tracker was imported."""
    for kind in (dspy.MIPROv2, dspy.COPRO, dspy.SIMBA, dspy.GEPA, dspy.BootstrapFewShot):
        monkeypatch.setattr(kind, "compile", request.param(kind.compile))
    monkeypatch.setattr(dspy.Evaluate, "__call__", request.param(dspy.Evaluate.__call__))


class Plain(dspy.MIPROv2):
    pass


class Wrapping(dspy.MIPROv2):
    def compile(self, student: dspy.Module, **arguments: Any) -> dspy.Module:
        return super().compile(student, **arguments)


class Renaming(dspy.MIPROv2):
    def compile(self, program: dspy.Module, samples: list[Any], held_out: list[Any]) -> dspy.Module:
        return super().compile(program, trainset=samples, valset=held_out, **TRIALS)


class Logged:
    def compile(self, *args: Any, **kwargs: Any) -> Any:
        return super().compile(*args, **kwargs)


class WithMixin(Logged, dspy.MIPROv2):
    pass


class Partial(dspy.MIPROv2):
    compile = functools.partialmethod(dspy.MIPROv2.compile, **TRIALS)


class Decorated(dspy.MIPROv2):
    @bare
    def compile(self, student: dspy.Module, **arguments: Any) -> dspy.Module:
        return dspy.MIPROv2.compile(self, student, **arguments)


class InAnotherThread(dspy.MIPROv2):
    def compile(self, student: dspy.Module, **arguments: Any) -> dspy.Module:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(copy_context().run, super().compile, student, **arguments).result()


def as_it_is(optimizer: Any, student: dspy.Module, task: Task) -> Any:
    return optimizer.compile(student, trainset=task.train, valset=task.dev, **TRIALS)


def with_sets(optimizer: Any, student: dspy.Module, task: Task) -> Any:
    return optimizer.compile(student, task.train, task.dev)


def with_sets_by_name(optimizer: Any, student: dspy.Module, task: Task) -> Any:
    return optimizer.compile(student, trainset=task.train, valset=task.dev)


def replaced_by_partial(optimizer: Any, student: dspy.Module, task: Task) -> Any:
    optimizer.compile = functools.partial(optimizer.compile, **TRIALS)
    return optimizer.compile(student, trainset=task.train, valset=task.dev)


def replaced_by_method(optimizer: Any, student: dspy.Module, task: Task) -> Any:
    optimizer.compile = types.MethodType(patched(type(optimizer).compile), optimizer)
    return as_it_is(optimizer, student, task)


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        (Plain, as_it_is),
        (Wrapping, as_it_is),
        (Renaming, with_sets),
        (WithMixin, as_it_is),
        (Partial, with_sets_by_name),
        (Decorated, as_it_is),
        (InAnotherThread, as_it_is),
        (dspy.MIPROv2, replaced_by_partial),
        (dspy.MIPROv2, replaced_by_method),
    ],
)
def test_a_wrapped_compile_is_followed(kind: Any, start: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = kind(metric=entity_metric(task), **SETTINGS)
        with track(seen.tracker, PHASE):
            start(optimizer, Student(task, seen.tracker), task)
        fractions = seen.fractions()
        assert fractions == sorted(fractions)
        assert (fractions[0], fractions[-1]) == (0.0, 1.0)
        assert fmean(map(abs, seen.differences())) < 0.05
        assert f"{kind.__name__} with 56 training and 24 validation examples: about" in seen.messages()[0]
        assert f"after {seen.student_calls()} student calls: score" in seen.messages()[-1]


@pytest.mark.usefixtures("patched_classes")
@pytest.mark.parametrize("name", ["MIPROv2", "COPRO", "SIMBA", "GEPA", "BootstrapFewShot"])
def test_classes_patched_by_another_library_are_followed(name: str, tmp_path: Path) -> None:
    task = entity_task()
    metric = entity_metric(task)
    with watched(tmp_path) as seen:
        student = Student(task, seen.tracker)
        with track(seen.tracker, PHASE):
            if name == "MIPROv2":
                as_it_is(dspy.MIPROv2(metric=metric, **SETTINGS), student, task)
            elif name == "COPRO":
                threads = {"num_threads": 1}
                dspy.COPRO(metric=metric, breadth=2, depth=2).compile(student, trainset=task.dev, eval_kwargs=threads)
            elif name == "SIMBA":
                simba = dspy.SIMBA(metric=metric, bsize=8, num_candidates=2, max_steps=2, num_threads=2)
                simba.compile(student, trainset=task.dev)
            elif name == "GEPA":
                gepa = dspy.GEPA(metric=metric, max_metric_calls=100, reflection_lm=dspy.settings.lm, num_threads=1)
                gepa.compile(student, trainset=task.train, valset=task.dev)
            else:
                dspy.BootstrapFewShot(metric=metric, metric_threshold=0.8).compile(student, trainset=task.train)
        fractions = seen.fractions()
        assert fractions == sorted(fractions)
        assert (fractions[0], fractions[-1]) == (0.0, 1.0)
        assert f"{name} is done after {seen.student_calls()} student calls" in seen.messages()[-1]


class WrappedMethod:
    """What wrapt makes of a method: another object at each access."""

    def __init__(self, original: Callable[..., Any]) -> None:
        self.original = original

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return functools.partial(self.original) if instance is None else functools.partial(self.original, instance)


@pytest.mark.parametrize("name", ["_bootstrap", "_bootstrap_one_example"])
def test_a_method_wrapped_for_all_bootstraps_is_followed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dspy.BootstrapFewShot, name, WrappedMethod(vars(dspy.BootstrapFewShot)[name]))
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = dspy.BootstrapFewShot(metric=entity_metric(task), metric_threshold=0.8)
        with track(seen.tracker, PHASE):
            optimizer.compile(Student(task, seen.tracker), trainset=task.train)
        assert seen.fractions() == sorted(seen.fractions())
        assert (seen.fractions()[0], seen.fractions()[-1]) == (0.0, 1.0)
        assert f"after {seen.student_calls()} student calls" in seen.messages()[-1]


@pytest.mark.parametrize("name", ["_bootstrap_fewshot_examples", "_optimize_prompt_parameters"])
@pytest.mark.parametrize("kind", [dspy.MIPROv2, Plain])
def test_a_method_wrapped_for_all_miprov2_is_followed(
    kind: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dspy.MIPROv2, name, WrappedMethod(vars(dspy.MIPROv2)[name]))
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = kind(metric=entity_metric(task), **SETTINGS)
        with track(seen.tracker, PHASE):
            as_it_is(optimizer, Student(task, seen.tracker), task)
        assert seen.fractions() == sorted(seen.fractions())
        assert (seen.fractions()[0], seen.fractions()[-1]) == (0.0, 1.0)
        assert f"after {seen.student_calls()} student calls" in seen.messages()[-1]


class Sometimes(dspy.MIPROv2):
    """One that has its own way with few examples."""

    def compile(self, student: dspy.Module, *, trainset: list[Any], **arguments: Any) -> dspy.Module:
        if len(trainset) > 30:
            return super().compile(student, trainset=trainset, **arguments)
        dspy.Evaluate(devset=trainset, metric=self.metric, num_threads=1)(student)
        return student


class Searching(dspy.BootstrapFewShot):
    """One that calls the student by itself, and not DSPy's search."""

    def compile(self, student: dspy.Module, *, trainset: list[Any]) -> dspy.Module:
        for example in trainset[:5]:
            student(**example.inputs())
        return student


class Delegating(dspy.SIMBA):
    """One that has another optimiser do the work."""

    def compile(self, student: dspy.Module, *, trainset: list[Any]) -> dspy.Module:
        return dspy.BootstrapFewShot(metric=self.metric).compile(student, trainset=trainset)


class OtherTrials(dspy.MIPROv2):
    """One with DSPy's `compile`, but another way to try what was proposed."""

    def __init__(self, metric: Any) -> None:
        super().__init__(metric, auto="light", num_threads=1)

    def _optimize_prompt_parameters(self, program: dspy.Module, *_: Any) -> dspy.Module:
        return program


class OtherSearch(dspy.BootstrapFewShot):
    def _bootstrap_one_example(self, example: dspy.Example, round_idx: int = 0) -> bool:
        return bool(self.teacher(**example.inputs())) and False


class Rules(dspy.InferRules):
    """DSPy derives it from BootstrapFewShot, with which it begins; what follows is something else."""


@pytest.mark.parametrize("kind", [Sometimes, Searching, Delegating, OtherTrials, OtherSearch, Rules])
def test_a_compile_that_goes_its_own_way_has_no_fraction(kind: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        settings = {"num_candidates": 1, "num_threads": 1} if kind is Rules else {}
        optimizer = kind(metric=entity_metric(task), **settings)
        with track(seen.tracker, PHASE):
            optimizer.compile(Student(task, seen.tracker), trainset=task.train[:30])
        assert seen.fractions() == []
        assert seen.messages()[0] == f"{kind.__name__} with 30 training examples: its progress is not known"
        assert seen.messages()[-1] == f"{kind.__name__} is done"


class TryingAgain(dspy.MIPROv2):
    """One that tries DSPy's procedure until it succeeds."""

    def compile(self, student: dspy.Module, **arguments: Any) -> dspy.Module:
        judge, calls = self.metric, []

        def breaks_once(example: Any, prediction: Any, trace: Any = None) -> Any:
            calls.append(example)
            if len(calls) == 40:
                raise KeyboardInterrupt
            return judge(example, prediction, trace)

        self.metric = breaks_once
        try:
            return super().compile(student, **arguments)
        except KeyboardInterrupt:
            return super().compile(student, **arguments)


def test_an_override_that_tries_again_is_followed_to_its_end(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            settings = SETTINGS | {"num_threads": 1}
            as_it_is(TryingAgain(metric=entity_metric(task), **settings), Student(task, seen.tracker), task)
        fractions = seen.fractions()
        assert fractions == sorted(fractions)
        assert (fractions[0], fractions[-1]) == (0.0, 1.0)
        assert max(map(abs, seen.differences()[-30:])) < 0.1
        assert f"after {seen.student_calls()} student calls: score" in seen.messages()[-1]


class Measured(dspy.MIPROv2):
    """One that measures the program before and after DSPy's procedure."""

    def compile(self, student: dspy.Module, *, trainset: list[Any], valset: list[Any]) -> dspy.Module:
        measure = dspy.Evaluate(devset=trainset[:3], metric=self.metric, num_threads=1)
        measure(student)
        best = super().compile(student, trainset=trainset, valset=valset, **TRIALS)
        measure(best)
        return best


def test_what_an_override_does_beside_moves_nothing(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            optimizer = Measured(metric=entity_metric(task), **SETTINGS)
            optimizer.compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
        fractions = seen.fractions()
        assert fractions == sorted(fractions)
        assert (fractions[0], fractions[-1]) == (0.0, 1.0)
        assert fmean(map(abs, seen.differences())) < 0.05
        of_three = [event for event in seen.events() if " on 3 examples" in event.get("message", "")]
        assert [(event["type"], *event["metrics"]) for event in of_three] == [("log", "score_minibatch")] * 2
        best = max(
            event["metrics"]["score"] for event in seen.events() if event["type"] == "progress" and event.get("metrics")
        )
        assert seen.messages()[-1].endswith(f"score {number_text(best)}")
