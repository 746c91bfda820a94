"""The fraction told of each optimiser against the true share of student calls done."""

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from domain_training.tasks import Task
from watched_optimization import Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION
THREADS = {"num_threads": 1}


def bootstrap(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    return dspy.BootstrapFewShot(metric=metric, metric_threshold=0.8), {"trainset": task.train}


def random_search(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.BootstrapFewShotWithRandomSearch(
        metric=metric, metric_threshold=0.8, num_candidate_programs=6, **THREADS
    )
    return optimizer, {"trainset": task.train, "valset": task.dev}


def random_search_hardly_finding(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.BootstrapFewShotWithRandomSearch(
        metric=metric, metric_threshold=0.99, max_labeled_demos=2, num_candidate_programs=6, **THREADS
    )
    return optimizer, {"trainset": task.train, "valset": task.dev}


def miprov2(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto=None, num_candidates=5, metric_threshold=0.8, seed=1, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev, "num_trials": 6, "minibatch": False}


def miprov2_minibatches(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto=None, num_candidates=5, metric_threshold=0.8, seed=1, **THREADS)
    sizes = {"num_trials": 11, "minibatch_size": 8, "minibatch_full_eval_steps": 3}
    return optimizer, {"trainset": task.train, "valset": task.dev, **sizes}


def miprov2_auto(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto="light", metric_threshold=0.8, seed=1, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev}


def miprov2_auto_minibatches(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto="light", metric_threshold=0.8, seed=1, **THREADS)
    return optimizer, {"trainset": task.dev + task.train}


def miprov2_without_demos(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    none = {"max_bootstrapped_demos": 0, "max_labeled_demos": 0}
    optimizer = dspy.MIPROv2(metric=metric, auto="light", seed=1, **none, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev}


def gepa(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.GEPA(metric=metric, max_metric_calls=192, reflection_lm=dspy.settings.lm, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev}


def gepa_auto(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.GEPA(metric=metric, auto="light", reflection_lm=dspy.settings.lm, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev}


def gepa_full_evaluations(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.GEPA(metric=metric, max_full_evals=2, reflection_lm=dspy.settings.lm, **THREADS)
    return optimizer, {"trainset": task.train}


def simba(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.SIMBA(metric=metric, bsize=12, num_candidates=3, max_steps=4, **THREADS)
    return optimizer, {"trainset": task.train, "seed": 1}


def copro(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    return dspy.COPRO(metric=metric, breadth=4, depth=3), {"trainset": task.dev, "eval_kwargs": dict(THREADS)}


OPTIMIZERS = (
    random_search,
    random_search_hardly_finding,
    miprov2,
    miprov2_minibatches,
    miprov2_auto,
    miprov2_auto_minibatches,
    miprov2_without_demos,
    gepa,
    gepa_auto,
    gepa_full_evaluations,
    simba,
    copro,
)


def optimize(seen: Watched, make: Callable[[Task, Any], tuple[Any, dict[str, Any]]]) -> dspy.Module:
    task = entity_task()
    student = Student(task, seen.tracker)
    optimizer, arguments = make(task, entity_metric(task))
    with track(seen.tracker, PHASE):
        return optimizer.compile(student, **arguments)


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_the_fraction_is_the_share_of_student_calls_done(
    make: Callable[[Task, Any], tuple[Any, dict[str, Any]]], tmp_path: Path
) -> None:
    with watched(tmp_path) as seen:
        optimize(seen, make)
        mean_difference = fmean(map(abs, seen.differences()))
        print(f"{make.__name__}: {seen.student_calls()} calls, mean difference {mean_difference:.3f}")  # noqa: T201
        assert mean_difference <= 0.10
        assert_true_to_its_promises(seen)


def test_bootstrap_ends_at_one(tmp_path: Path) -> None:
    with watched(tmp_path) as seen:
        optimize(seen, bootstrap)
        mean_difference = fmean(map(abs, seen.differences()))
        print(f"bootstrap: {seen.student_calls()} calls, mean difference {mean_difference:.3f}")  # noqa: T201
        assert_true_to_its_promises(seen)


def assert_true_to_its_promises(seen: Watched) -> None:
    fractions = seen.fractions()
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    kinds = [event["type"] for event in seen.events()]
    assert kinds.index("progress") < [event.get("message") for event in seen.events()].index("the student is called")
