"""A score is told as what it is: the run's metric is a finite one on all examples by which the optimiser judges."""

import math
from pathlib import Path
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from aegis_tracker.number_text import number_text
from domain_training.tasks import Task
from dspy.teleprompt.bootstrap_trace import bootstrap_trace_data
from watched_optimization import Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION


def scores_of_the_run(seen: Watched) -> list[Any]:
    """What became the run's metric."""
    return [e["metrics"]["score"] for e in seen.events() if e["type"] == "progress" and e.get("metrics")]


def scores_in_the_log(seen: Watched, name: str) -> list[Any]:
    return [e["metrics"][name] for e in seen.events() if e["type"] == "log" and name in (e.get("metrics") or {})]


def on_three(task: Task) -> Any:
    """A metric that is right on the first three training examples alone."""
    right = {example.text for example in task.train[:3]}
    return lambda example, prediction, trace=None, *_: float(example.text in right)


class Sampling(dspy.teleprompt.Teleprompter):
    """An optimiser that nobody has heard of, and that judges by three examples."""

    def compile(self, student: Any, *, trainset: Any, valset: Any = None, metric: Any) -> Any:
        dspy.Evaluate(devset=trainset[:3], metric=metric, num_threads=1)(student)
        return student


class SamplingMIPROv2(dspy.MIPROv2):
    def compile(self, student: Any, **arguments: Any) -> Any:
        dspy.Evaluate(devset=arguments["trainset"][:3], metric=self.metric, num_threads=1)(student)
        return student


def test_a_mean_that_dspy_rounds_to_one_is_told_as_it_is(tmp_path: Path) -> None:
    task = entity_task()
    first = task.dev[0].text
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE, evaluation_calls=len(task.dev)):
            metric = lambda example, *_: 0.9995 if example.text == first else 1.0  # noqa: E731
            result = dspy.Evaluate(devset=task.dev, metric=metric, num_threads=1)(Student(task, seen.tracker))
        assert result.score == 100.0
        numbers = [0.9995] + [1.0] * (len(task.dev) - 1)
        assert scores_in_the_log(seen, "score") == [math.fsum(numbers) / len(numbers)]
        assert any("score 0.99998" in message for message in seen.messages())


@pytest.mark.parametrize("kind", [Sampling, SamplingMIPROv2])
def test_a_score_of_an_unknown_optimiser_on_three_examples_is_no_metric_of_the_run(kind: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            if kind is Sampling:
                student = Student(task, seen.tracker)
                kind().compile(student, trainset=task.train, metric=on_three(task))
            else:
                kind(metric=on_three(task)).compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
        assert scores_of_the_run(seen) == []
        assert scores_in_the_log(seen, "score") == []
        assert scores_in_the_log(seen, "score_minibatch") == [1.0]
        assert any("on 3 examples: score 1" in message for message in seen.messages())
        assert not any("best so far" in message for message in seen.messages())
        assert seen.messages()[-1] == f"{kind.__name__} is done"


def gepa(task: Task, metric: Any, budget: int, folder: str | None = None) -> Any:
    return dspy.GEPA(
        metric=metric, max_metric_calls=budget, reflection_lm=dspy.settings.lm, num_threads=1, log_dir=folder
    )


def test_a_gepa_with_as_few_validation_examples_as_in_a_minibatch(tmp_path: Path) -> None:
    task = entity_task()
    f1 = entity_metric(task)
    held_out = task.dev[:3]
    texts = {example.text for example in held_out}

    def better_in_training(example: Any, prediction: Any, trace: Any = None, *_: Any) -> float:
        return 0.5 * f1(example, prediction) if example.text in texts else 0.9

    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            gepa(task, better_in_training, 40).compile(
                Student(task, seen.tracker), trainset=task.train, valset=held_out
            )
        assert max(scores_of_the_run(seen)) <= 0.5
        assert set(scores_in_the_log(seen, "score_minibatch")) == {0.9}
        assert not any("0.9, the best so far" in message for message in seen.messages())
        assert seen.messages()[-1].endswith(f"score {number_text(max(scores_of_the_run(seen)))}")


def test_a_gepa_that_goes_on_knows_its_examples_but_not_its_best(tmp_path: Path) -> None:
    task = entity_task()
    for number, budget in enumerate((40, 120)):
        with watched(tmp_path / str(number)) as seen:
            optimizer = gepa(task, entity_metric(task), budget, str(tmp_path / "gepa"))
            with track(seen.tracker, PHASE):
                optimizer.compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
    of_few = [event for event in seen.events() if "on 3 examples: score" in event.get("message", "")]
    assert {(event["type"], *event["metrics"]) for event in of_few} == {("log", "score_minibatch")}
    of_all = [event for event in seen.events() if "score" in (event.get("metrics") or {})]
    assert of_all
    assert {event["type"] for event in of_all} == {"log"}
    assert not any("best so far" in message for message in seen.messages())
    assert "score" not in seen.messages()[-1]


@pytest.mark.parametrize("size", [24, 23])
def test_a_miprov2_with_minibatches_as_large_as_its_validation_set(size: int, tmp_path: Path) -> None:
    """DSPy refuses larger ones; trials on as many examples are on all of them, trials on fewer are not."""
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = dspy.MIPROv2(metric=entity_metric(task), auto=None, num_candidates=3, num_threads=1, seed=1)
        sizes = {"num_trials": 3, "minibatch_size": size}
        with track(seen.tracker, PHASE):
            program = optimizer.compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev, **sizes)
        on_a_part = scores_in_the_log(seen, "score_minibatch")
        assert len(on_a_part) == len(program.mb_candidate_programs) == (0 if size == 24 else 3)
        assert scores_of_the_run(seen)[-1] == pytest.approx(program.candidate_programs[0]["score"] / 100, abs=1e-4)


class OtherSet(dspy.BootstrapFewShotWithRandomSearch):
    """One that has its programs judged by training examples, as many as there are to validate with."""

    def compile(self, student: Any, *, trainset: Any, valset: Any) -> Any:
        evaluate, size = dspy.Evaluate.__call__, len(valset)

        def on_others(self: Any, program: Any, **arguments: Any) -> Any:
            return evaluate(self, program, devset=trainset[:size], **arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dspy.Evaluate, "__call__", on_others)
            return super().compile(student, trainset=trainset, valset=valset, restrict=[-3, -2])


def test_another_set_of_the_same_size_is_another_set(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            OtherSet(metric=on_three(task), num_threads=1).compile(
                Student(task, seen.tracker), trainset=task.train, valset=task.train[3:6]
            )
        assert scores_of_the_run(seen) == []
        assert scores_in_the_log(seen, "score_minibatch") == [1.0, 1.0]
        assert seen.messages()[-1].endswith("student calls")


def test_copies_of_the_examples_in_another_order_are_the_same_set(tmp_path: Path) -> None:
    task = entity_task()
    copies = [example.copy() for example in reversed(task.dev)]

    class OnCopies(dspy.teleprompt.Teleprompter):
        def compile(self, student: Any, *, trainset: Any, valset: Any) -> Any:
            dspy.Evaluate(devset=copies, metric=entity_metric(task), num_threads=1)(student)
            return student

    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            OnCopies().compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
        assert scores_in_the_log(seen, "score") == [pytest.approx(0.2458333, abs=1e-7)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_never_the_best(value: float, tmp_path: Path) -> None:
    task = entity_task()
    f1, calls = entity_metric(task), 0

    def metric(example: Any, prediction: Any, trace: Any = None) -> Any:
        nonlocal calls
        calls += trace is None
        return value if calls == 30 else f1(example, prediction, trace)

    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            optimizer = dspy.BootstrapFewShotWithRandomSearch(
                metric=metric, metric_threshold=0.8, num_candidate_programs=3, num_threads=1
            )
            optimizer.compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
        assert all(map(math.isfinite, scores_of_the_run(seen)))
        (told,) = [event for event in seen.events() if "not a finite number" in event.get("message", "")]
        assert (told["level"], told.get("metrics")) == ("WARNING", None)
        assert str(value) in told["message"]
        assert seen.messages()[-1].endswith(f"score {number_text(max(scores_of_the_run(seen)))}")


def test_the_scores_of_a_simba_may_be_no_numbers(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            optimizer = dspy.SIMBA(
                metric=lambda *_: math.nan, bsize=8, num_candidates=2, max_steps=1, num_threads=1, max_demos=0
            )
            try:
                optimizer.compile(Student(task, seen.tracker), trainset=task.dev)
            except ValueError:
                pytest.skip("this SIMBA does not bear it")
        assert scores_of_the_run(seen) == []
        assert "not a finite number" in seen.messages()[-1]


class KeepsTheStudent(dspy.SIMBA):
    def compile(self, student: Any, **arguments: Any) -> Any:
        super().compile(student, **arguments)
        return student


class KeepsTheFirst(dspy.SIMBA):
    """One that runs twice and returns what the first run made."""

    def compile(self, student: Any, **arguments: Any) -> Any:
        first = super().compile(student, **arguments)
        super().compile(student, **arguments)
        return first


@pytest.mark.parametrize("kind", [KeepsTheStudent, KeepsTheFirst])
def test_scores_that_came_with_another_program_are_not_those_of_a_simba(kind: Any, tmp_path: Path) -> None:
    task = entity_task()
    metric = entity_metric(task)
    with watched(tmp_path) as seen:
        random_search = dspy.BootstrapFewShotWithRandomSearch(
            metric=metric, metric_threshold=0.8, num_candidate_programs=1, num_threads=1
        )
        first = random_search.compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
        assert first.candidate_programs
        with track(seen.tracker, PHASE):
            optimizer = kind(metric=metric, bsize=8, num_candidates=2, max_steps=1, num_threads=1)
            optimizer.compile(first, trainset=task.dev)
        assert scores_of_the_run(seen) == []
        assert seen.messages()[-1].endswith("student calls")
        assert seen.fractions()[-1] == 1.0


class Weak(Student):
    """A student that long texts are too much for."""

    def forward(self, text: str) -> dspy.Prediction:
        answer = super().forward(text)
        if len(text) > 60:
            raise RuntimeError("too long")
        return answer


def test_failed_examples_are_told_with_the_score(tmp_path: Path) -> None:
    task = entity_task()
    failing = sum(len(example.text) > 60 for example in task.dev)
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            optimizer = dspy.COPRO(metric=entity_metric(task), breadth=2, depth=1)
            with dspy.context(max_errors=1000):
                optimizer.compile(Weak(task, seen.tracker), trainset=task.dev, eval_kwargs={"num_threads": 1})
        assert 0 < failing < len(task.dev)
        evaluations = [message for message in seen.messages() if message.startswith("Evaluation")]
        assert len(evaluations) == 2
        assert all(f"{failing} of 24 examples failed" in message for message in evaluations)


class Silent(Student):
    """A student whose answers have no fields."""

    def forward(self, text: str) -> dspy.Prediction:
        super().forward(text)
        return dspy.Prediction()


@pytest.mark.parametrize("score", [1.0, 0.25, float("0.0")])
def test_an_answer_without_fields_is_no_failure(score: float, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        evaluate = dspy.Evaluate(devset=task.dev, metric=lambda *_: score, num_threads=1)
        with track(seen.tracker, PHASE, evaluation_calls=24):
            evaluate(Silent(task, seen.tracker))
        (message,) = [message for message in seen.messages() if message.startswith("Evaluation")]
        assert "failed" not in message


@pytest.mark.parametrize("failure_score", [0.0, 0, -1.0])
def test_failures_are_told_with_any_failure_score(failure_score: float, tmp_path: Path) -> None:
    task = entity_task()
    failing = sum(len(example.text) > 60 for example in task.dev)
    with watched(tmp_path) as seen:
        evaluate = dspy.Evaluate(
            devset=task.dev, metric=entity_metric(task), num_threads=2, max_errors=100, failure_score=failure_score
        )
        with track(seen.tracker, PHASE, evaluation_calls=24):
            evaluate(Weak(task, seen.tracker))
        assert any(f"{failing} of 24 examples failed" in message for message in seen.messages())


def test_answers_that_are_only_collected_have_no_score(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        student = Student(task, seen.tracker)
        with track(seen.tracker, PHASE, evaluation_calls=24):
            assert len(bootstrap_trace_data(student, task.dev, metric=None, num_threads=1)) == 24
        assert seen.fractions()[-1] == 1.0
        assert not any(event.get("metrics") for event in seen.events())


class Sometimes(dspy.teleprompt.Teleprompter):
    """An optimiser that evaluates everything it was given."""

    def compile(self, student: Any, *, trainset: Any, valset: Any, metric: Any) -> Any:
        evaluate = dspy.Evaluate(devset=valset, metric=metric, num_threads=1)
        for size in (len(valset), 3):
            evaluate(student, devset=valset[:size])
        return student


def test_an_unknown_optimiser_has_scores_but_no_best(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            Sometimes().compile(
                Student(task, seen.tracker), trainset=task.train, valset=task.dev, metric=entity_metric(task)
            )
        assert scores_of_the_run(seen) == []
        assert scores_in_the_log(seen, "score") == [pytest.approx(0.2458333, abs=1e-7)]
        assert len(scores_in_the_log(seen, "score_minibatch")) == 1
        assert seen.messages()[-1] == "Sometimes is done"
