"""Work is one call for each example: what a metric or a program asks besides is not."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from statistics import fmean
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from domain_training.tasks import Task
from watched_optimization import CALLED, Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION


class Counting(Student):
    """A student that logs its calls for examples alone, and shows itself to the metric."""

    asked_by_metric = threading.local()
    last = threading.local()

    def forward(self, text: str) -> dspy.Prediction:
        Counting.last.program = self
        if getattr(self.asked_by_metric, "now", False):
            return self.extract(text=text)
        return super().forward(text)


def asks(program: dspy.Module, text: str) -> None:
    Counting.asked_by_metric.now = True
    try:
        program(text=text)
    finally:
        Counting.asked_by_metric.now = False


def directly(program: dspy.Module, text: str) -> None:
    asks(program, text)
    asks(program, text)


def in_a_thread(program: dspy.Module, text: str) -> None:
    thread = threading.Thread(target=copy_context().run, args=(asks, program, text))
    thread.start()
    thread.join()


def through_an_evaluation(program: dspy.Module, text: str) -> None:
    Counting.asked_by_metric.now = True
    try:
        one = dspy.Example(text=text).with_inputs("text")
        dspy.Evaluate(devset=[one], metric=lambda *_: 1.0, num_threads=1)(program)
    finally:
        Counting.asked_by_metric.now = False


def asking(task: Task, ask: Callable[[dspy.Module, str], None]) -> Any:
    """A metric that asks the program once more before it judges."""
    f1 = entity_metric(task)

    def metric(example: Any, prediction: Any, trace: Any = None, *more: Any) -> Any:
        ask(Counting.last.program, example.text)
        return f1(example, prediction, trace, *more)

    return metric


def miprov2(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto=None, num_candidates=3, metric_threshold=0.8, num_threads=2, seed=1)
    return optimizer, {"trainset": task.train, "valset": task.dev, "num_trials": 3, "minibatch": False}


def bootstrap(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    every_one = {"max_bootstrapped_demos": 56, "max_labeled_demos": 0}
    return dspy.BootstrapFewShot(metric=lambda *shown: metric(*shown) >= 0, **every_one), {"trainset": task.train}


def simba(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.SIMBA(metric=metric, bsize=8, num_candidates=2, max_steps=2, num_threads=2)
    return optimizer, {"trainset": task.dev}


def gepa(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.GEPA(metric=metric, max_metric_calls=120, reflection_lm=dspy.settings.lm, num_threads=1)
    return optimizer, {"trainset": task.train, "valset": task.dev}


@pytest.mark.parametrize("ask", [directly, in_a_thread, through_an_evaluation])
@pytest.mark.parametrize("make", [miprov2, bootstrap, simba, gepa])
def test_a_metric_that_asks_the_program_is_no_work(make: Any, ask: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer, arguments = make(task, asking(task, ask))
        with track(seen.tracker, PHASE):
            optimizer.compile(Counting(task, seen.tracker), **arguments)
        assert_true(seen, at_most=0.1)
        assert f"after {seen.student_calls()} student calls" in seen.messages()[-1]


@pytest.mark.parametrize("ask", [directly, in_a_thread, through_an_evaluation])
def test_evaluations_of_a_block_count_each_example_once(ask: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        evaluate = dspy.Evaluate(devset=task.dev, metric=asking(task, ask), num_threads=2)
        with track(seen.tracker, PHASE, evaluation_calls=48):
            for _ in range(2):
                evaluate(Counting(task, seen.tracker))
        assert_true(seen, at_most=0.05)


class Recursive(Student):
    """A student that calls itself on the halves of a text."""

    def forward(self, text: str) -> dspy.Prediction:
        if len(text) > 60:
            self(text=text[:30])
        return super().forward(text)


def recursive(task: Task, seen: Watched) -> dspy.Module:
    return Recursive(task, seen.tracker)


def best_of_two(task: Task, seen: Watched) -> dspy.Module:
    return dspy.BestOfN(module=Student(task, seen.tracker), N=2, reward_fn=lambda *_: 0.0, threshold=1.0)


def refined(task: Task, seen: Watched) -> dspy.Module:
    return dspy.Refine(module=Student(task, seen.tracker), N=2, reward_fn=lambda *_: 1.0, threshold=1.0)


@pytest.mark.parametrize("program", [recursive, best_of_two, refined])
def test_a_program_that_calls_programs_is_one_call(program: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = dspy.COPRO(metric=entity_metric(task), breadth=3, depth=2)
        with track(seen.tracker, PHASE):
            optimizer.compile(program(task, seen), trainset=task.dev, eval_kwargs={"num_threads": 1})
        assert "after 144 student calls" in seen.messages()[-1]
        assert_true(seen, at_most=0.05)


def assert_true(seen: Watched, *, at_most: float) -> None:
    """The fraction never goes back, ends at one, and is near the share of calls done."""
    fractions = seen.fractions()
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    last_call = max(number for number, event in enumerate(seen.events()) if event.get("message") == CALLED)
    before = [event["fraction"] for event in seen.events()[:last_call] if event["type"] == "progress"]
    assert before[-1] < 1.0
    assert fmean(map(abs, seen.differences())) <= at_most
