"""A DSPy that lacks something is no harm to the training: it is said once what is not followed."""

import inspect
import os
import subprocess
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.diagnostics import AegisTrackerWarning
from aegis_tracker.dspy import track
from domain_training.tasks import Task
from dspy.teleprompt import mipro_optimizer_v2, teleprompt
from dspy.utils import callback, callback_context, parallelizer
from watched_optimization import Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION


def optimize(seen: Watched, task: Task) -> Any:
    optimizer = dspy.MIPROv2(
        metric=entity_metric(task), auto=None, num_candidates=3, metric_threshold=0.8, num_threads=1, seed=1
    )
    student = Student(task, seen.tracker)
    return optimizer.compile(student, trainset=task.train, valset=task.dev, num_trials=3, minibatch=False)


def warnings_in_the_log(seen: Watched) -> list[str]:
    return [event["message"] for event in seen.events() if event.get("level") == "WARNING"]


def test_without_the_id_of_the_active_call_there_is_no_fraction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = types.SimpleNamespace(**vars(callback_context))
    monkeypatch.setattr(callback, "callback_context", elsewhere)
    monkeypatch.setattr(teleprompt, "callback_context", elsewhere)
    monkeypatch.setattr(parallelizer, "_bind_active_call_id", lambda function: function)
    monkeypatch.delattr(callback, "ACTIVE_CALL_ID")
    monkeypatch.delattr(callback_context, "ACTIVE_CALL_ID")
    task = entity_task()
    with watched(tmp_path) as seen:
        with (
            pytest.warns(AegisTrackerWarning, match="MIPROv2 is followed without a fraction"),
            track(seen.tracker, PHASE),
        ):
            program = optimize(seen, task)
        assert program.candidate_programs
        assert seen.fractions() == []
        assert len(warnings_in_the_log(seen)) == 1
        assert seen.messages()[-1] == "MIPROv2 is done"


def test_a_procedure_with_other_variables_has_no_fraction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = textwrap.indent(textwrap.dedent(inspect.getsource(inspect.unwrap(dspy.MIPROv2.compile))), "    ")
    made = dict(vars(mipro_optimizer_v2))
    exec(f"class MIPROv2(Teleprompter):\n{source}".replace("effective_max_labeled_demos", "labeled"), made)
    monkeypatch.setattr(dspy.MIPROv2, "compile", made["MIPROv2"].compile)
    task = entity_task()
    with watched(tmp_path) as seen:
        with pytest.warns(AegisTrackerWarning, match="it is followed without a fraction"), track(seen.tracker, PHASE):
            program = optimize(seen, task)
        assert program.candidate_programs
        assert seen.fractions() == []
        assert len(warnings_in_the_log(seen)) == 1
        assert "effective_max_labeled_demos" in warnings_in_the_log(seen)[0]
        assert seen.messages()[-1] == "MIPROv2 is done"


def test_constants_and_other_optimisers_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTO_RUN_SETTINGS", "MIN_MINIBATCH_SIZE"):
        monkeypatch.delattr(mipro_optimizer_v2, name)
    for name in ("SIMBA", "GEPA", "COPRO"):
        monkeypatch.delattr(dspy, name)
    task = entity_task()
    with watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            optimize(seen, task)
        assert seen.fractions()[-1] == 1.0
        assert f"after {seen.student_calls()} student calls" in seen.messages()[-1]


TRAINING = """
    import pathlib, dspy
    from dspy.utils import callback
    {before}
    from watched_optimization import entity_task, watched
    from aegis_tracker.dspy import track
    task = entity_task()
    train = [dspy.Example(text=one.text).with_inputs("text") for one in task.train]
    with watched(pathlib.Path({folder!r})) as seen:
        with track(seen.tracker, "entity_extraction_optimization"):
            program = dspy.BootstrapFewShot(metric=None).compile(dspy.Predict(task.program.signature), trainset=train)
        with track(seen.tracker, "entity_extraction_optimization", evaluation_calls=5):
            dspy.Evaluate(devset=train[:5], metric=lambda *_: 1.0, num_threads=1)(program)
        assert program.demos
        warnings = [event["message"] for event in seen.events() if event.get("level") == "WARNING"]
        print("fractions", seen.fractions(), "warnings", warnings)
"""


def train(before: str, folder: Path) -> str:
    """What a training says in a process in which DSPy was changed before anything of ours was imported."""
    script = textwrap.dedent(TRAINING).format(before=before, folder=str(folder))
    finished = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert finished.returncode == 0, finished.stderr
    assert "Error when" not in finished.stderr
    return finished.stdout.splitlines()[-1]


def test_without_callbacks_nothing_is_followed(tmp_path: Path) -> None:
    said = train("del callback.BaseCallback", tmp_path)
    assert said.startswith("fractions [0.0] warnings")
    assert "has no callback for the start of an optimiser, so none is followed" in said
    assert "has no callback for the start of an evaluation, so none is followed" in said


def test_without_callbacks_of_optimisers_evaluations_are_followed(tmp_path: Path) -> None:
    said = train("del callback.BaseCallback.on_compile_start", tmp_path)
    assert said.startswith("fractions [0.0, 0.2, 0.4, 0.6, 0.8, 0.999, 1.0] warnings")
    assert "start of an optimiser" in said
    assert "start of an evaluation" not in said


@pytest.mark.parametrize("name", ["SIMBA", "GEPA", "COPRO", "MIPROv2", "BootstrapFewShotWithRandomSearch"])
def test_an_optimiser_that_is_not_there_is_no_harm_to_others(name: str, tmp_path: Path) -> None:
    said = train(f"del dspy.{name}", tmp_path)
    assert said.endswith("warnings []")
    assert " 1.0, 0.0, " in said
