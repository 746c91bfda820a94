"""A block that saw nothing says why; an optimiser that is tried again is followed again."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.diagnostics import AegisTrackerWarning
from aegis_tracker.dspy import track
from aegis_tracker.number_text import number_text
from domain_training.tasks import Task
from dspy.utils.callback import BaseCallback
from watched_optimization import Student, Watched, entity_metric, entity_task, stand_in, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION
NO_OPTIMISER = f"The `track` block of {PHASE} saw no optimiser"
NO_EVALUATION = f"The `track` block of {PHASE} saw no evaluation"


def optimize(seen: Watched, task: Task) -> Any:
    optimizer = dspy.BootstrapFewShot(metric=entity_metric(task), metric_threshold=0.8)
    with dspy.context(lm=stand_in()):
        return optimizer.compile(Student(task, seen.tracker), trainset=task.train)


def evaluate(seen: Watched, task: Task) -> Any:
    with dspy.context(lm=stand_in()):
        return dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)(Student(task, seen.tracker))


def in_a_thread(work: Any, *arguments: Any) -> None:
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    thread.join()


def in_an_executor(work: Any, *arguments: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work, *arguments).result()


def not_at_all(work: Any, *arguments: Any) -> None: ...


def with_other_callbacks(work: Any, *arguments: Any) -> None:
    with dspy.context(callbacks=[]):
        work(*arguments)


def in_a_module(work: Any, *arguments: Any) -> None:
    class Training(dspy.Module):
        def forward(self) -> Any:
            return work(*arguments)

    Training()()


@pytest.mark.parametrize("run", [in_a_thread, in_an_executor, with_other_callbacks, in_a_module, not_at_all])
@pytest.mark.parametrize(
    ("settings", "work", "sentence"),
    [({}, optimize, NO_OPTIMISER), ({"evaluation_calls": 24}, evaluate, NO_EVALUATION)],
)
def test_a_block_that_saw_nothing_warns_once(
    run: Any, settings: dict[str, Any], work: Any, sentence: str, tmp_path: Path
) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with pytest.warns(AegisTrackerWarning) as warned, track(seen.tracker, PHASE, **settings):
            run(work, seen, task)
        (shown,) = [one for one in warned if one.category is AegisTrackerWarning]
        warning = str(shown.message)
        assert shown.filename == __file__
        assert warning.startswith(sentence)
        for cause in ("copy_context().run", "another process", "dspy.context(callbacks=...)", "`forward`"):
            assert cause in warning
        (entry,) = [event for event in seen.events() if event.get("level") == "WARNING"]
        assert (entry["message"], entry["step"]) == (warning, PHASE)


def test_two_such_blocks_warn_twice(tmp_path: Path) -> None:
    with watched(tmp_path) as seen:

        def nothing() -> None:
            with track(seen.tracker, PHASE):
                pass

        for _ in range(2):
            with pytest.warns(AegisTrackerWarning, match=NO_OPTIMISER):
                nothing()
        assert len(seen.messages()) == 2


def followed_in_a_module(seen: Watched, work: Any, task: Task, settings: dict[str, Any]) -> None:
    class Training(dspy.Module):
        def forward(self) -> None:
            with track(seen.tracker, PHASE, **settings):
                work(seen, task)

    Training()()


@pytest.mark.parametrize(("settings", "work"), [({}, optimize), ({"evaluation_calls": 24}, evaluate)])
def test_a_block_in_the_forward_of_a_module_sees_the_work(settings: dict[str, Any], work: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        followed_in_a_module(seen, work, task, settings)
        assert seen.fractions()[-1] == 1.0


@pytest.mark.parametrize(("settings", "work"), [({}, optimize), ({"evaluation_calls": 24}, evaluate)])
def test_work_with_callbacks_added_to_those_of_the_block_is_seen(
    settings: dict[str, Any], work: Any, tmp_path: Path
) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE, **settings), dspy.context(callbacks=[*dspy.settings.callbacks, BaseCallback()]):
            work(seen, task)
        assert seen.fractions()[-1] == 1.0


def in_a_copied_context(work: Any, *arguments: Any) -> None:
    in_a_thread(copy_context().run, work, *arguments)


@pytest.mark.parametrize(("settings", "work"), [({}, optimize), ({"evaluation_calls": 24}, evaluate)])
def test_work_in_a_copied_context_is_seen(settings: dict[str, Any], work: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen, warnings.catch_warnings():
        warnings.simplefilter("error")
        with track(seen.tracker, PHASE, **settings):
            in_a_copied_context(work, seen, task)
        assert seen.fractions()[-1] == 1.0


def test_a_block_that_ends_with_an_exception_does_not_warn(tmp_path: Path) -> None:
    with watched(tmp_path) as seen, warnings.catch_warnings():
        warnings.simplefilter("error")
        for settings in ({}, {"evaluation_calls": 24}):
            with pytest.raises(KeyError), track(seen.tracker, PHASE, **settings):
                raise KeyError("the data")
        assert not [event for event in seen.events() if event.get("level") == "WARNING"]


def test_a_warning_is_no_error_where_warnings_are(tmp_path: Path) -> None:
    with watched(tmp_path) as seen, warnings.catch_warnings():
        warnings.simplefilter("error")
        with track(seen.tracker, PHASE):
            pass
        assert seen.messages()[-1].startswith(NO_OPTIMISER)


class Breaking:
    """A metric that breaks at one of its calls."""

    def __init__(self, task: Task, at: int) -> None:
        self._metric, self._at, self._calls = entity_metric(task), at, 0

    def __call__(self, example: Any, prediction: Any, trace: Any = None, *more: Any) -> Any:
        self._calls += 1
        if self._calls == self._at:
            raise KeyboardInterrupt
        return self._metric(example, prediction, trace, *more)


def miprov2(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto=None, num_candidates=4, metric_threshold=0.8, num_threads=1, seed=1)
    return optimizer, {"trainset": task.train, "valset": task.dev, "num_trials": 4, "minibatch": False}


def simba(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.SIMBA(metric=metric, bsize=8, num_candidates=2, max_steps=2, num_threads=1)
    return optimizer, {"trainset": task.dev}


def gepa(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.GEPA(metric=metric, max_metric_calls=100, reflection_lm=dspy.settings.lm, num_threads=1)
    return optimizer, {"trainset": task.train, "valset": task.dev}


def copro(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    return dspy.COPRO(metric=metric, breadth=3, depth=2), {"trainset": task.dev, "eval_kwargs": {"num_threads": 1}}


@pytest.mark.parametrize("make", [miprov2, simba, gepa, copro])
def test_an_optimiser_tried_again_after_a_crash_is_followed_to_its_end(make: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer, arguments = make(task, Breaking(task, at=40))
        with track(seen.tracker, PHASE):
            for _attempt in range(2):
                try:
                    optimizer.compile(Student(task, seen.tracker), **arguments)
                except KeyboardInterrupt:
                    crashed_at = seen.fractions()[-1]
        fractions = seen.fractions()
        assert 0 < crashed_at < 0.9
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        assert len([one for one in fractions if one > crashed_at]) > 10
        assert max(map(abs, seen.differences()[-30:])) < 0.1
        assert not [message for message in seen.messages() if "not followed" in message]


def test_another_optimiser_may_take_over_after_a_crash(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            optimizer, arguments = copro(task, Breaking(task, at=30))
            with pytest.raises(KeyboardInterrupt):
                optimizer.compile(Student(task, seen.tracker), **arguments)
            optimize(seen, task)
            optimize(seen, task)
        assert seen.fractions() == sorted(seen.fractions())
        assert seen.fractions()[-1] == 1.0
        assert seen.messages()[-2].startswith("BootstrapFewShot is done")
        assert seen.messages()[-1].startswith("BootstrapFewShot is not followed")


def test_a_gepa_that_goes_on_after_a_crash_ends_at_one(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path / "spool") as seen:
        optimizer, arguments = gepa(task, Breaking(task, at=70))
        optimizer.log_dir = str(tmp_path / "gepa")
        with track(seen.tracker, PHASE):
            with pytest.raises(KeyboardInterrupt):
                optimizer.compile(Student(task, seen.tracker), **arguments)
            optimizer.compile(Student(task, seen.tracker), **arguments)
        assert seen.fractions() == sorted(seen.fractions())
        assert seen.fractions()[-1] == 1.0


def scores_of_the_run(seen: Watched) -> list[float]:
    return [e["metrics"]["score"] for e in seen.events() if e["type"] == "progress" and e.get("metrics")]


@pytest.mark.parametrize("make_second", [copro, simba])
def test_the_best_of_a_crashed_attempt_stays_the_best_of_the_block(make_second: Any, tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            optimizer, arguments = miprov2(task, Breaking(task, at=90))
            with pytest.raises(KeyboardInterrupt):
                optimizer.compile(Student(task, seen.tracker), **arguments)
            best = scores_of_the_run(seen)[-1]

            f1 = entity_metric(task)
            second, second_arguments = make_second(task, lambda *shown: f1(*shown) / 10)
            second.compile(Student(task, seen.tracker), **second_arguments)
        assert scores_of_the_run(seen) == sorted(scores_of_the_run(seen))
        assert scores_of_the_run(seen)[-1] == best
        end = seen.messages()[-1]
        assert float(end.partition(": score ")[2].partition(",")[0]) <= 0.1  # of the program that was returned
        assert any(f"best so far {number_text(best)}" in message for message in seen.messages()[-3:])
