"""Evaluations that are not the optimiser's own give their score and move nothing, whoever starts them."""

from pathlib import Path
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from aegis_tracker.number_text import number_text
from domain_training.tasks import Task
from dspy.teleprompt.bootstrap_trace import bootstrap_trace_data
from dspy.utils.callback import BaseCallback
from watched_optimization import Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION


def always_right(*_: Any) -> float:
    return 1.0


def best_scores(seen: Watched) -> list[Any]:
    return [e["metrics"]["score"] for e in seen.events() if e["type"] == "progress" and e.get("metrics")]


def best_of_the_messages(seen: Watched) -> list[str]:
    return [message for message in seen.messages() if "the best so far" in message]


def other_scores(seen: Watched) -> list[str]:
    return [message for message in seen.messages() if message.startswith("Evaluation on 24 examples: score 1")]


def assert_moved_nothing(seen: Watched, untracked_calls: int) -> None:
    assert seen.fractions() == sorted(seen.fractions())
    assert seen.fractions()[-1] == 1.0
    assert other_scores(seen)
    assert max(best_scores(seen)) < 1.0
    assert len(best_scores(seen)) == len(best_of_the_messages(seen))
    assert f"after {seen.student_calls() - untracked_calls} student calls" in seen.messages()[-1]
    assert seen.messages()[-1].endswith(f"score {number_text(max(best_scores(seen)))}")


def with_another_metric(program: Any, task: Task, metric: Any) -> None:
    dspy.Evaluate(devset=task.dev, metric=always_right, num_threads=1)(program)


def with_the_metric_of_the_call(program: Any, task: Task, metric: Any) -> None:
    dspy.Evaluate(devset=task.dev, metric=metric, num_threads=1)(program, metric=always_right)


def with_traces(program: Any, task: Task, metric: Any) -> None:
    bootstrap_trace_data(program, task.dev, metric=always_right, num_threads=1)


class Perfect(dspy.Module):
    """A program that the optimiser did not make, and that knows the answers."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.answers = {example.text: example.entities for example in task.dev}

    def forward(self, text: str) -> dspy.Prediction:
        return dspy.Prediction(entities=self.answers[text])


def of_another_program(program: Any, task: Task, metric: Any) -> None:
    dspy.Evaluate(devset=task.dev, metric=metric, num_threads=1)(Perfect(task))


WAYS = [with_another_metric, with_the_metric_of_the_call, with_traces, of_another_program]


@pytest.mark.parametrize("evaluate", WAYS)
def test_an_instruction_proposer_that_evaluates_moves_nothing(evaluate: Any, tmp_path: Path) -> None:
    task = entity_task()
    metric = entity_metric(task)
    with watched(tmp_path) as seen:
        untracked_calls = 0

        def propose(candidate: Any, reflective_dataset: Any, components_to_update: Any) -> Any:
            nonlocal untracked_calls
            before = seen.student_calls()
            evaluate(Student(task, seen.tracker), task, metric)
            untracked_calls += seen.student_calls() - before
            return {name: candidate[name] + " Be careful." for name in components_to_update}

        optimizer = dspy.GEPA(metric=metric, max_metric_calls=60, instruction_proposer=propose, num_threads=1)
        with track(seen.tracker, PHASE):
            optimizer.compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
        assert_moved_nothing(seen, untracked_calls)


@pytest.mark.parametrize("evaluate", WAYS)
def test_a_stop_condition_that_evaluates_moves_nothing(evaluate: Any, tmp_path: Path) -> None:
    task = entity_task()
    metric = entity_metric(task)
    with watched(tmp_path) as seen:
        untracked_calls = asked = 0

        def stop(state: Any) -> bool:
            nonlocal untracked_calls, asked
            before = seen.student_calls()
            evaluate(Student(task, seen.tracker), task, metric)
            untracked_calls += seen.student_calls() - before
            asked += 1
            return asked == 4

        optimizer = dspy.GEPA(
            metric=metric,
            max_metric_calls=400,
            reflection_lm=dspy.settings.lm,
            num_threads=1,
            gepa_kwargs={"stop_callbacks": stop},
        )
        with track(seen.tracker, PHASE):
            optimizer.compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
        assert_moved_nothing(seen, untracked_calls)


class Evaluating(BaseCallback):
    """Somebody else's callback, that evaluates a program at each of DSPy's calls that has the given name."""

    def __init__(self, name: str, evaluate: Any, seen: Watched) -> None:
        self.untracked_calls = 0
        self.is_busy = False
        setattr(self, name, self._evaluate)
        self._way, self._seen = evaluate, seen

    def _evaluate(self, **_: Any) -> None:
        if self.is_busy:
            return
        self.is_busy = True
        before = self._seen.student_calls()
        self._way()
        self.untracked_calls += self._seen.student_calls() - before
        self.is_busy = False


@pytest.mark.parametrize("evaluate", WAYS)
@pytest.mark.parametrize("event", ["on_evaluate_start", "on_evaluate_end"])
def test_a_callback_that_evaluates_moves_nothing(event: str, evaluate: Any, tmp_path: Path) -> None:
    task = entity_task()
    metric = entity_metric(task)
    with watched(tmp_path) as seen:
        callback = Evaluating(event, lambda: evaluate(Student(task, seen.tracker), task, metric), seen)
        optimizer = dspy.MIPROv2(
            metric=metric, auto=None, num_candidates=3, metric_threshold=0.8, num_threads=1, seed=1
        )
        with dspy.context(callbacks=[callback]), track(seen.tracker, PHASE):
            optimizer.compile(
                Student(task, seen.tracker), trainset=task.train, valset=task.dev, num_trials=3, minibatch=False
            )
        assert_moved_nothing(seen, callback.untracked_calls)
        assert len([message for message in seen.messages() if message.startswith("Evaluation 4 of 4")]) == 1


def test_a_callback_that_evaluates_is_no_work_of_a_block_of_evaluations(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        callback = Evaluating(
            "on_evaluate_start", lambda: with_another_metric(Student(task, seen.tracker), task, None), seen
        )
        evaluate = dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)
        with dspy.context(callbacks=[callback]), track(seen.tracker, PHASE, evaluation_calls=48):
            evaluate(Student(task, seen.tracker))
            assert seen.fractions()[-1] == 0.5
            evaluate(Student(task, seen.tracker))
        assert seen.fractions()[-1] == 1.0


def test_a_callback_that_calls_the_program_is_no_work(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        student = Student(task, seen.tracker)
        text = task.dev[0].text
        callback = Evaluating("on_module_start", lambda: student(text=text), seen)
        evaluate = dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)
        halves: list[float] = []
        with track(seen.tracker, PHASE, evaluation_calls=48):
            with dspy.context(callbacks=[*dspy.settings.callbacks, callback]):
                evaluate(student)
            halves = seen.fractions()
            evaluate(student)
        assert callback.untracked_calls >= 24
        assert halves[-1] == 0.5
        assert len([one for one in halves if one]) == 24
