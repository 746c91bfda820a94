"""Arguments of `track` that cannot be used are warned of once, and never end a training."""

import math
import warnings
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest
from aegis_tracker import phases
from aegis_tracker.diagnostics import AegisTrackerWarning
from aegis_tracker.dspy import track
from domain_training.tasks import Task
from watched_optimization import Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION


class Unshown:
    def __repr__(self) -> str:
        raise RuntimeError("not to be shown")


def evaluate(seen: Watched, task: Task) -> None:
    dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)(Student(task, seen.tracker))


def optimize(seen: Watched, task: Task) -> None:
    optimizer = dspy.BootstrapFewShot(metric=entity_metric(task), metric_threshold=0.8)
    optimizer.compile(Student(task, seen.tracker), trainset=task.train)


def warned_in_the_log(seen: Watched) -> list[str]:
    return [event["message"] for event in seen.events() if event.get("level") == "WARNING"]


@pytest.mark.parametrize(
    "part",
    [0.5, None, (0.2,), (0.0, 0.5, 1.0), ("a", "b"), "ab", (math.nan, 1), (0.5, 2), (-1, 1), (0.8, 0.2), Unshown()],
)
def test_a_part_that_is_none_is_the_whole_phase(part: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with (
            pytest.warns(AegisTrackerWarning, match="taken for the whole phase"),
            track(seen.tracker, PHASE, part=part),
        ):
            optimize(seen, task)
        assert len(warned_in_the_log(seen)) == 1
        assert seen.events()[0]["type"] == "phase"
        assert seen.fractions()[-1] == 1.0


@pytest.mark.parametrize("calls", ["48", math.nan, math.inf, -1, 24.5, True, (24,), Unshown()])
def test_evaluation_calls_that_are_no_number_give_no_fraction(calls: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with (
            pytest.warns(AegisTrackerWarning, match="reported without a fraction"),
            track(seen.tracker, PHASE, evaluation_calls=calls),
        ):
            evaluate(seen, task)
        assert len(warned_in_the_log(seen)) == 1
        assert seen.fractions() == []
        assert any(message.startswith("Evaluation on 24 examples: score 0.2458") for message in seen.messages())


@pytest.mark.parametrize("metric", [None, "", 3])
def test_a_metric_that_is_no_name_is_called_score(metric: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with (
            pytest.warns(AegisTrackerWarning, match="name `score` is used"),
            track(seen.tracker, PHASE, metric=metric, evaluation_calls=24),
        ):
            evaluate(seen, task)
        assert [event["metrics"] for event in seen.events() if event.get("metrics")] == [
            {"score": pytest.approx(0.2458333, abs=1e-7)}
        ]


@pytest.mark.parametrize("part", [[0, 0.5], (np.float32(0.0), np.float64(0.5)), np.array([0.0, 0.5])])
@pytest.mark.parametrize("calls", [24, 24.0, np.int64(24)])
def test_numbers_of_any_kind_can_be_used(part: Any, calls: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with track(seen.tracker, PHASE, part=part, evaluation_calls=calls):
                evaluate(seen, task)
        assert warned_in_the_log(seen) == []
        assert seen.fractions()[-1] == 0.5
