"""Processes that are forked in a block are not followed, do not wait for its locks, and end it without a word."""

import multiprocessing
import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.diagnostics import AegisTrackerWarning
from aegis_tracker.dspy import track
from aegis_tracker.dspy.hooks import Hooks
from domain_training.tasks import Task
from watched_optimization import entity_metric, entity_task, stand_in

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forked processes here"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


class Recorded:
    """What a tracker is told, in the memory of one process."""

    cancel_requested = False

    def __init__(self) -> None:
        self.fractions: list[float] = []
        self.messages: list[str] = []

    def enter_phase(self, phase: str, message: str = "") -> None: ...

    def update_progress(self, fraction: float, message: str = "", metrics: Any = None) -> None:
        self.fractions.append(fraction)

    def log(self, level: Any, message: str, step: Any = None, metrics: Any = None) -> None:
        self.messages.append(message)


def optimize(task: Task) -> None:
    with dspy.context(lm=stand_in()):
        optimizer = dspy.BootstrapFewShot(metric=entity_metric(task), metric_threshold=0.8)
        assert optimizer.compile(task.program, trainset=task.train).demos


def evaluate(task: Task) -> None:
    with dspy.context(lm=stand_in()):
        evaluation = dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)
        assert evaluation(task.program).score > 0


def in_forked_processes(work: Callable[[], None], number: int = 1) -> None:
    """Run `work` in so many processes, and see that each comes to its end."""
    processes = [multiprocessing.get_context("fork").Process(target=work, daemon=True) for _ in range(number)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        process.kill()
        process.join()
        assert process.exitcode == 0


@pytest.mark.parametrize(("settings", "work"), [({}, optimize), ({"evaluation_calls": 24}, evaluate)])
def test_forked_processes_report_nothing_and_the_block_warns(settings: Any, work: Any) -> None:
    task = entity_task()
    recorded = Recorded()

    def work_unseen() -> None:
        before = [*recorded.fractions]
        work(task)
        assert (recorded.fractions, recorded.messages) == (before, [])

    with pytest.warns(AegisTrackerWarning, match="in another process"), track(recorded, PHASE, **settings):
        in_forked_processes(work_unseen, 2)
    assert not any(recorded.fractions)


def test_a_process_forked_while_a_thread_reports_does_not_wait_for_it() -> None:
    task = entity_task()
    reports, may_go_on = threading.Event(), threading.Event()

    class Slow(Recorded):
        def log(self, level: Any, message: str, step: Any = None, metrics: Any = None) -> None:
            reports.set()
            assert may_go_on.wait(180)

    evaluation = dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=1)
    inputs = {"program": task.program}
    with track(Slow(), PHASE, evaluation_calls=48):
        (hooks,) = (one for one in dspy.settings.callbacks if isinstance(one, Hooks))
        hooks.on_evaluate_start("first", evaluation, inputs)
        reporting = threading.Thread(target=hooks.on_evaluate_end, args=("first", None, RuntimeError()))
        reporting.start()
        assert reports.wait(60)
        try:
            in_forked_processes(lambda: hooks.on_evaluate_start("second", evaluation, inputs))
        finally:
            may_go_on.set()
            reporting.join()


@pytest.mark.parametrize("settings", [{}, {"evaluation_calls": 24}])
def test_a_forked_process_leaves_the_block_without_a_word(settings: Any) -> None:
    recorded = Recorded()

    def leave() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            block.__exit__(None, None, None)
        assert not any(recorded.fractions)
        assert recorded.messages == []

    block = track(recorded, PHASE, **settings)
    block.__enter__()
    in_forked_processes(leave)
    with pytest.warns(AegisTrackerWarning):
        block.__exit__(None, None, None)


def test_a_forked_process_may_have_a_block_of_its_own() -> None:
    task = entity_task()

    def follow() -> None:
        recorded = Recorded()
        with track(recorded, PHASE):
            optimize(task)
        assert recorded.fractions == sorted(recorded.fractions)
        assert recorded.fractions[-1] == 1.0

    with pytest.warns(AegisTrackerWarning), track(Recorded(), PHASE):
        in_forked_processes(follow)
