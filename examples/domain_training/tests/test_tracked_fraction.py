"""The fraction told of each optimiser against the true share of student calls done."""

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import dspy
import optimizer_setups
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from domain_training.tasks import Task
from watched_optimization import Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION

OPTIMIZERS = (
    optimizer_setups.random_search,
    optimizer_setups.random_search_hardly_finding,
    optimizer_setups.miprov2,
    optimizer_setups.miprov2_minibatches,
    optimizer_setups.miprov2_auto,
    optimizer_setups.miprov2_auto_minibatches,
    optimizer_setups.miprov2_without_demos,
    optimizer_setups.gepa,
    optimizer_setups.gepa_auto,
    optimizer_setups.gepa_full_evaluations,
    optimizer_setups.simba,
    optimizer_setups.copro,
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
        optimize(seen, optimizer_setups.bootstrap)
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
