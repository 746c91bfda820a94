"""Hooks do nothing once their block has ended, whoever still holds them, and are never copied."""

import asyncio
import contextvars
import copy
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.diagnostics import AegisTrackerWarning
from aegis_tracker.dspy import track
from aegis_tracker.dspy.hooks import Hooks
from domain_training.tasks import Task
from watched_optimization import Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION


def optimize(seen: Watched, task: Task) -> Any:
    optimizer = dspy.BootstrapFewShot(metric=entity_metric(task), metric_threshold=0.8)
    return optimizer.compile(Student(task, seen.tracker), trainset=task.train)


def told(seen: Watched) -> list[Any]:
    return [(event["type"], event.get("fraction"), event.get("message")) for event in seen.events()]


def silent_afterwards(seen: Watched, task: Task, run: Any) -> bool:
    """Whether an optimisation that `run` starts is told nowhere but in the student's own log."""
    before = told(seen)
    run(optimize, seen, task)
    after = told(seen)[len(before) :]
    assert after, "the student was called"
    return {event[:2] for event in after} == {("log", None)} and len({event[2] for event in after}) == 1


def test_settings_that_took_over_the_callbacks_do_not_report_later_blocks(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            optimize(seen, task)
            taken = [*dspy.settings.callbacks]
        with dspy.context(callbacks=taken):
            assert silent_afterwards(seen, task, lambda call, *arguments: call(*arguments))
            begun = len(told(seen))
            with track(seen.tracker, phases.RELATION_EXTRACTION_OPTIMIZATION):
                assert [type(one) for one in dspy.settings.callbacks].count(Hooks) == 1
                optimize(seen, task)
        later = seen.events()[begun:]
        assert {event.get("step") for event in later if event["type"] == "log"} <= {
            None,
            phases.RELATION_EXTRACTION_OPTIMIZATION,
        }
        assert [event["phase"] for event in later if event["type"] == "phase"] == [
            phases.RELATION_EXTRACTION_OPTIMIZATION
        ]


def test_what_was_configured_inside_a_block_reports_nothing_after_it(tmp_path: Path) -> None:
    """In a process of its own: `dspy.configure` lasts for the whole process."""
    script = f"""
        import contextvars, pathlib, dspy
        from watched_optimization import watched, entity_task, stand_in
        from test_after_the_block import PHASE, optimize, silent_afterwards
        from aegis_tracker.dspy import track
        from dspy.utils.callback import BaseCallback
        task = entity_task()
        dspy.configure(lm=stand_in())
        with watched(pathlib.Path({str(tmp_path)!r})) as seen:
            with track(seen.tracker, PHASE):
                optimize(seen, task)
                dspy.configure(callbacks=[*dspy.settings.callbacks, BaseCallback()])
            assert silent_afterwards(seen, task, contextvars.Context().run)
        print("silent")
    """
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parent,
        env={"PYTHONPATH": ":".join(sys.path), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": ""},
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("silent\n")


def test_contexts_kept_by_threads_and_tasks_report_nothing_after_the_block(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen, ThreadPoolExecutor(1) as pool:
        with track(seen.tracker, PHASE):
            optimize(seen, task)
            kept = contextvars.copy_context()
        assert silent_afterwards(seen, task, kept.run)
        assert silent_afterwards(seen, task, lambda *call: pool.submit(kept.copy().run, *call).result())

        async def in_a_task_of_the_block() -> None:
            ended = asyncio.Event()

            async def later() -> bool:
                await ended.wait()
                return silent_afterwards(seen, task, lambda call, *arguments: call(*arguments))

            with track(seen.tracker, PHASE):
                optimize(seen, task)
                waiting = asyncio.create_task(later())
            ended.set()
            assert await waiting

        asyncio.run(in_a_task_of_the_block())


def test_hooks_of_a_block_that_ended_with_an_exception_report_nothing(tmp_path: Path) -> None:
    task = entity_task()
    kept: list[contextvars.Context] = []

    def break_off(seen: Watched) -> None:
        with track(seen.tracker, PHASE):
            kept.append(contextvars.copy_context())
            raise KeyError("the data")

    with watched(tmp_path) as seen:
        with pytest.raises(KeyError):
            break_off(seen)
        assert silent_afterwards(seen, task, kept[0].run)


def test_a_generator_that_ends_in_another_context_ends_its_block(tmp_path: Path) -> None:
    task = entity_task()

    def training(seen: Watched) -> Iterator[Any]:
        with track(seen.tracker, PHASE):
            yield optimize(seen, task)

    with watched(tmp_path) as seen:
        generator = training(seen)
        inside = contextvars.copy_context()
        inside.run(next, generator)
        assert any(isinstance(one, Hooks) for one in inside.run(lambda: dspy.settings.callbacks))
        outside = threading.Thread(target=generator.close)
        outside.start()
        outside.join()
        assert silent_afterwards(seen, task, inside.run)


def test_an_optimiser_that_outlives_its_block_is_followed_no_further(tmp_path: Path) -> None:
    task = entity_task()
    block_has_ended, runs = threading.Event(), threading.Event()
    f1 = entity_metric(task)

    def metric(example: Any, prediction: Any, trace: Any = None) -> Any:
        runs.set()
        assert block_has_ended.wait(60)
        return f1(example, prediction, trace)

    with watched(tmp_path) as seen:
        optimizer = dspy.BootstrapFewShot(metric=metric, metric_threshold=0.8)
        student = Student(task, seen.tracker)

        def start_and_leave() -> threading.Thread:
            with track(seen.tracker, PHASE):
                call = partial(contextvars.copy_context().run, optimizer.compile, student, trainset=task.train)
                thread = threading.Thread(target=call)
                thread.start()
                assert runs.wait(60)
            return thread

        with pytest.warns(AegisTrackerWarning, match="ended before its optimiser"):
            thread = start_and_leave()
        before = told(seen)
        block_has_ended.set()
        thread.join()
        assert {event[2] for event in told(seen)[len(before) :]} == {"the student is called"}


def test_copies_of_programs_and_hooks_are_the_hooks_themselves(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            (hooks,) = (one for one in dspy.settings.callbacks if isinstance(one, Hooks))
            assert copy.copy(hooks) is hooks
            assert copy.deepcopy([hooks]) == [hooks]
            student = Student(task, seen.tracker)
            student.hooks, student.extract.callbacks = hooks, [hooks]
            assert student.deepcopy().hooks is hooks
            assert copy.deepcopy(student).hooks is hooks
            optimize(seen, task)
        assert seen.fractions()[-1] == 1.0


def test_a_program_that_holds_hooks_can_be_saved_whole(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            program = dspy.Predict(task.program.signature)
            program.kept, program.callbacks = [*dspy.settings.callbacks], [*dspy.settings.callbacks]
            program.save(tmp_path / "program", save_program=True)
            program.save(tmp_path / "state.json")
            optimize(seen, task)
        loaded = dspy.load(str(tmp_path / "program"), allow_pickle=True)
        assert not loaded.kept[-1].is_active
        assert loaded(text="Aspirin relieves pain.").entities is not None


def test_hooks_called_from_two_places_count_once(tmp_path: Path) -> None:
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            optimizer = dspy.BootstrapFewShot(metric=entity_metric(task), metric_threshold=0.8)
            optimizer.callbacks = [*dspy.settings.callbacks]
            student = Student(task, seen.tracker)
            student.callbacks = [*dspy.settings.callbacks]
            with dspy.context(callbacks=[*dspy.settings.callbacks, *dspy.settings.callbacks]):
                optimizer.compile(student, trainset=task.train)
        assert f"after {seen.student_calls()} student calls" in seen.messages()[-1]
        assert not [message for message in seen.messages() if "not followed" in message]
