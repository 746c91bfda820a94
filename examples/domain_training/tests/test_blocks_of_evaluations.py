"""A block of evaluations is done when they are: not when one failed, or none ran."""

from pathlib import Path
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.diagnostics import AegisTrackerWarning
from aegis_tracker.dspy import track
from domain_training.tasks import Task
from watched_optimization import Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION


def evaluate(seen: Watched, task: Task) -> None:
    dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)(Student(task, seen.tracker))


def evaluate_in_vain(seen: Watched, task: Task) -> None:
    def broken(*_: Any) -> float:
        raise RuntimeError("the metric is broken")

    evaluation = dspy.Evaluate(devset=task.dev, metric=broken, num_threads=1, max_errors=3)
    with pytest.raises(Exception, match="cancelled"):
        evaluation(Student(task, seen.tracker))


@pytest.mark.parametrize(
    ("evaluations", "announced", "end"),
    [
        ([evaluate_in_vain], 24, 3 / 24),
        ([evaluate, evaluate_in_vain], 48, 27 / 48),
        ([evaluate_in_vain, evaluate], 48, 27 / 48),
        ([evaluate_in_vain, evaluate], 24, 1.0),  # tried again
        ([evaluate], 48, 1.0),  # fewer than announced
        ([evaluate, evaluate], 48, 1.0),
    ],
)
def test_a_block_ends_at_one_when_its_evaluations_are_done(
    evaluations: list[Any], announced: int, end: float, tmp_path: Path
) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE, evaluation_calls=announced):
            for run in evaluations:
                run(seen, task)
        assert seen.fractions() == sorted(seen.fractions())
        assert seen.fractions()[-1] == pytest.approx(end)


@pytest.mark.parametrize("announced", [0, 48])
def test_a_block_without_evaluations_stays_at_its_beginning(announced: int, tmp_path: Path) -> None:
    with watched(tmp_path) as seen:
        with (
            pytest.warns(AegisTrackerWarning, match="saw no evaluation"),
            track(seen.tracker, PHASE, part=(0.5, 0.75), evaluation_calls=announced),
        ):
            pass
        assert set(seen.fractions()) == {0.5}


def test_calls_that_were_not_seen_are_not_counted_in_words(tmp_path: Path) -> None:
    task = entity_task()

    class Direct(Student):
        """A program that is called past DSPy's callbacks."""

        def __call__(self, *arguments: Any, **inputs: Any) -> Any:
            return self.forward(*arguments, **inputs)

    with watched(tmp_path) as seen:
        optimizer = dspy.SIMBA(metric=entity_metric(task), bsize=8, num_candidates=2, max_steps=1, num_threads=1)
        with track(seen.tracker, PHASE):
            optimizer.compile(Direct(task, seen.tracker), trainset=task.dev)
        assert seen.messages()[-1].startswith("SIMBA is done: score")
        assert seen.fractions()[-1] == 1.0
