"""What `track` promises besides the fraction: nothing mixed up, nothing invented, nothing in the way."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from domain_training.tasks import Task
from watched_optimization import Student, Watched, entity_metric, entity_task, stand_in, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION


def make_miprov2(metric: Any, threads: int = 1) -> dspy.MIPROv2:
    return dspy.MIPROv2(metric=metric, auto=None, num_candidates=4, metric_threshold=0.8, num_threads=threads, seed=1)


def compile_miprov2(seen: Watched, student: dspy.Module, task: Task, threads: int = 1, metric: Any = None) -> Any:
    optimizer = make_miprov2(metric or entity_metric(task), threads)
    return optimizer.compile(student, trainset=task.train, valset=task.dev, num_trials=4, minibatch=False)


def test_several_threads_evaluate(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            compile_miprov2(seen, Student(task, seen.tracker), task, threads=4)
        fractions = seen.fractions()
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        assert max(map(abs, seen.differences())) < 0.05  # four calls are under way at a time
        assert f"after {seen.student_calls()} student calls" in seen.messages()[-1]


def test_two_optimisations_at_once_do_not_mix(tmp_path: Path) -> None:
    task = entity_task()
    both_run = threading.Barrier(2, timeout=30)

    def told_of(number: int, at_once: bool) -> list[tuple[Any, ...]]:
        with watched(tmp_path / f"{number} {at_once}") as seen:
            metric, student = entity_metric(task), Student(task, seen.tracker)
            with track(seen.tracker, PHASE):
                if at_once:
                    both_run.wait()
                if number == 1:
                    compile_miprov2(seen, student, task, threads=2)
                else:
                    dspy.COPRO(metric=metric, breadth=3, depth=2).compile(
                        student, trainset=task.dev, eval_kwargs={"num_threads": 2}
                    )
            fractions = [fraction for fraction in seen.fractions() if fraction]
            return [seen.student_calls(), seen.messages(), sorted(fractions)]

    alone = [told_of(1, at_once=False), told_of(2, at_once=False)]
    with ThreadPoolExecutor(2) as threads:
        at_once = list(threads.map(lambda number: told_of(number, at_once=True), (1, 2)))
    assert at_once == alone


class TwoSteps(Student):
    """A student that has a student, and asks the model twice."""

    def __init__(self, task: Task, seen: Watched) -> None:
        super().__init__(task, seen.tracker)
        self.inner = dspy.ChainOfThought("text -> hint")

    def forward(self, text: str) -> dspy.Prediction:
        self.inner(text=text)
        return super().forward(text)


def test_nested_modules_proposers_and_judging_metrics_do_not_count(tmp_path: Path) -> None:
    task = entity_task()
    judge = dspy.Predict("answer -> verdict")
    f1 = entity_metric(task)

    def metric(example: dspy.Example, prediction: dspy.Prediction, trace: object = None) -> float:
        judge(answer=str(prediction.entities))
        return f1(example, prediction, trace)

    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            compile_miprov2(seen, TwoSteps(task, seen), task, metric=metric)
        assert f"after {seen.student_calls()} student calls" in seen.messages()[-1]
        assert max(map(abs, seen.differences())) < 0.1


def test_an_early_stop_settles_the_rest(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = dspy.BootstrapFewShotWithRandomSearch(
            metric=entity_metric(task), metric_threshold=0.8, num_candidate_programs=8, num_threads=1, stop_at_score=50
        )
        with track(seen.tracker, PHASE):
            optimizer.compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
        *_, before_the_end, end = seen.fractions()
        assert before_the_end < 0.5
        assert end == 1.0


class BestOfOne(dspy.teleprompt.Teleprompter):
    """An optimiser that nobody has heard of."""

    def compile(self, student: dspy.Module, *, trainset: list[dspy.Example], metric: Any) -> dspy.Module:
        dspy.Evaluate(devset=trainset, metric=metric, num_threads=1)(student)
        return student


class CarefulMIPROv2(dspy.MIPROv2):
    """One that we know, with another way to go about it."""

    def compile(self, student: dspy.Module, *, trainset: list[dspy.Example], metric: Any) -> dspy.Module:
        dspy.Evaluate(devset=trainset, metric=metric, num_threads=1)(student)
        return student


@pytest.mark.parametrize("kind", [BestOfOne, CarefulMIPROv2])
def test_an_unknown_optimiser_gives_phase_messages_and_scores_but_no_fraction(kind: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        metric = entity_metric(task)
        optimizer = kind() if kind is BestOfOne else kind(metric=metric)
        with track(seen.tracker, PHASE, "Something new"):
            optimizer.compile(Student(task, seen.tracker), trainset=task.dev, metric=metric)
        first, *rest = seen.events()
        assert (first["type"], first["phase"], first["message"]) == ("phase", PHASE, "Something new")
        assert {event["type"] for event in rest} == {"log", "candidate", "evaluation", "usage"}
        (evaluation,) = (event for event in rest if event["type"] == "evaluation")
        assert evaluation["score"] == pytest.approx(0.2458333, abs=1e-7)
        assert (evaluation["split"], evaluation["example_ids"][0]) == ("train", "train-0")
        assert [event["metrics"] for event in rest if "metrics" in event] == [
            {"score": pytest.approx(0.2458333, abs=1e-7)}
        ]
        assert seen.messages()[1].startswith(f"{kind.__name__} with 24 training examples")
        assert seen.messages()[-1] == f"{kind.__name__} is done"


def test_an_exception_in_compile_goes_its_way(tmp_path: Path) -> None:
    task = entity_task()

    def failing(*_: object) -> float:
        raise RuntimeError("the metric is broken")

    with watched(tmp_path) as seen:
        optimizer = dspy.BootstrapFewShot(metric=failing, max_errors=3)
        with pytest.raises(RuntimeError, match="broken"), track(seen.tracker, PHASE):
            optimizer.compile(Student(task, seen.tracker), trainset=task.train)
        assert seen.fractions()[-1] < 1.0
        last = [event for event in seen.events() if event["type"] == "log"][-1]
        assert last["level"] == "ERROR"
        assert "after 3 student calls with RuntimeError: the metric is broken" in last["message"]


class Failing(Student):
    """A student that no example suits."""

    def forward(self, text: str) -> dspy.Prediction:
        super().forward(text)
        raise RuntimeError("too hard")


def test_failed_evaluations_are_told_and_settled(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = dspy.MIPROv2(
            metric=entity_metric(task), auto=None, num_candidates=2, num_threads=1, max_errors=4, seed=1
        )
        with track(seen.tracker, PHASE):
            optimizer.compile(
                Failing(task, seen.tracker), trainset=task.train, valset=task.dev, num_trials=2, minibatch=False
            )
        assert seen.fractions()[-1] == 1.0
        failed = [message for message in seen.messages() if "failed" in message]
        assert [message.split(":")[0] for message in failed] == [f"Evaluation {n} of 3 failed" for n in (1, 2, 3)]
        assert "after 12 student calls" in seen.messages()[-1]


def test_settings_that_the_optimiser_refuses_are_its_own_affair(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = make_miprov2(entity_metric(task))
        with pytest.raises(ValueError, match="Trainset cannot be empty"), track(seen.tracker, PHASE):
            optimizer.compile(Student(task, seen.tracker), trainset=[], num_trials=3)
        assert "MIPROv2 ended with ValueError" in seen.messages()[-1]


def test_every_score_of_an_evaluation_is_a_metric(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE, metric="entity_f1"):
            program = compile_miprov2(seen, Student(task, seen.tracker), task)
        told = [event for event in seen.events() if "entity_f1" in event.get("metrics", {})]
        scores = [event["metrics"]["entity_f1"] for event in told]
        assert sorted(scores) == pytest.approx(
            sorted(one["score"] / 100 for one in program.candidate_programs), abs=1e-4
        )
        of_the_run = [event["metrics"]["entity_f1"] for event in told if event["type"] == "progress"]
        assert of_the_run == sorted(of_the_run)
        assert of_the_run[-1] == max(scores)


def test_scores_on_part_of_the_examples_have_a_name_of_their_own(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            program = make_miprov2(entity_metric(task)).compile(
                Student(task, seen.tracker), trainset=task.train, valset=task.dev, num_trials=4, minibatch_size=8
            )
        metrics = [event["metrics"] for event in seen.events() if "metrics" in event]
        minibatches = [one["score_minibatch"] for one in metrics if "score_minibatch" in one]
        expected = sorted(one["score"] / 100 for one in program.mb_candidate_programs)
        assert sorted(minibatches) == pytest.approx(expected, abs=1e-4)
        assert len([one for one in metrics if "score" in one]) == len(program.candidate_programs)


def test_simba_tells_the_score_of_each_batch_and_of_its_program(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = dspy.SIMBA(metric=entity_metric(task), bsize=8, num_candidates=2, max_steps=3, num_threads=1)
        with track(seen.tracker, PHASE):
            program = optimizer.compile(Student(task, seen.tracker), trainset=task.dev)
        metrics = [event["metrics"] for event in seen.events() if "metrics" in event]
        assert [list(one) for one in metrics] == [["score_minibatch"]] * 3 + [["score"]]
        assert metrics[-1]["score"] == program.candidate_programs[0]["score"]


def test_blocks_can_be_parts_of_a_phase_and_evaluations_their_work(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        student = Student(task, seen.tracker)
        evaluate = dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)
        with track(seen.tracker, PHASE, part=(0.0, 0.25), evaluation_calls=48):
            evaluate(student)
            middle = seen.fractions()[-1]
            evaluate(student)
        assert middle == 0.125
        assert seen.fractions()[-1] == 0.25
        with track(seen.tracker, PHASE, part=(0.25, 1.0)):
            compile_miprov2(seen, student, task)
        fractions = seen.fractions()
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        assert [event["type"] for event in seen.events()].count("phase") == 1


def test_evaluations_beside_the_optimiser_move_nothing(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        student = Student(task, seen.tracker)
        evaluate = dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)
        with track(seen.tracker, PHASE):
            evaluate(student)
            assert seen.fractions() == []
            compile_miprov2(seen, student, task)
        assert seen.fractions()[0] == 0.0
        assert seen.fractions()[-1] == 1.0


def test_a_second_optimiser_in_a_block_is_not_followed(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = dspy.BootstrapFewShot(metric=entity_metric(task))
        with track(seen.tracker, PHASE):
            optimizer.compile(Student(task, seen.tracker), trainset=task.train)
            told = len(seen.fractions())
            optimizer.compile(Student(task, seen.tracker), trainset=task.train)
        assert len(seen.fractions()) == told
        assert "is not followed" in seen.messages()[-1]


def test_a_cancelled_gepa_stops_by_itself_and_keeps_its_best_program(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path / "spool") as seen:
        calls = 0

        f1 = entity_metric(task)

        def metric_while_someone_cancels(
            example: Any, prediction: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None
        ) -> Any:
            nonlocal calls
            calls += 1
            if calls == 60:
                seen.service.cancel_after = 0
                assert seen.tracker.flush(30)
                assert seen.tracker.cancel_requested
            return f1(example, prediction, trace, pred_name, pred_trace)

        optimizer = dspy.GEPA(
            metric=metric_while_someone_cancels,
            max_metric_calls=400,
            reflection_lm=stand_in(),
            num_threads=1,
            log_dir=str(tmp_path / "gepa"),
        )
        with track(seen.tracker, PHASE):
            program = optimizer.compile(Student(task, seen.tracker), trainset=task.train, valset=task.dev)
        assert seen.student_calls() < 200
        assert "GEPA was asked to stop and returns its best program" in seen.messages()[-1]
        assert seen.fractions()[-1] == 1.0
        best = max(event["metrics"]["score"] for event in seen.events() if "score" in event.get("metrics", {}))
        evaluated = dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)(program)
        assert best > 0.2458334
        assert best == pytest.approx(evaluated.score / 100, abs=1e-4)
        assert not (tmp_path / "gepa" / "gepa.stop").exists()


def test_a_gepa_that_goes_on_after_an_earlier_process_gives_no_fraction(tmp_path: Path) -> None:
    task = entity_task()

    def optimize(seen: Watched, budget: int) -> None:
        optimizer = dspy.GEPA(
            metric=entity_metric(task),
            max_metric_calls=budget,
            reflection_lm=stand_in(),
            num_threads=1,
            log_dir=str(tmp_path / "gepa"),
        )
        with track(seen.tracker, PHASE):
            optimizer.compile(task.program, trainset=task.train, valset=task.dev)

    with watched(tmp_path / "first") as seen:
        optimize(seen, 40)
        assert seen.fractions()[-1] == 1.0
    with watched(tmp_path / "second") as seen:
        optimize(seen, 80)
        assert seen.fractions() == []
        assert "GEPA is done" in seen.messages()[-1]
