"""Each private name of DSPy's that the tracker reads is taken away: the training goes on, and one warning says so."""

import importlib
import inspect
import logging
import re
from pathlib import Path
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import callback_support, track
from domain_training.standin.engine import StandInEngine
from domain_training.tasks import Task
from watched_optimization import Student, Watched, entity_metric, entity_task, stand_in, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION

# The private names by module, and an optimiser that the tracker follows by them.
NAMES = {
    ("dspy.teleprompt.bootstrap", "BootstrapFewShot"): (
        "max_bootstrapped_demos",
        "max_rounds",
        "name2traces",
        "teacher",
        "_bootstrap",
        "_bootstrap_one_example",
    ),
    ("dspy.teleprompt.random_search", "BootstrapFewShotWithRandomSearch"): (
        "min_num_samples",
        "max_num_samples",
        "num_candidate_sets",
        "restrict",
    ),
    ("dspy.teleprompt.mipro_optimizer_v2", "MIPROv2"): (
        "effective_max_bootstrapped_demos",
        "effective_max_labeled_demos",
        "eval_candidate_program",
        "num_fewshot_candidates",
        "zeroshot_opt",
        "_bootstrap_fewshot_examples",
        "_optimize_prompt_parameters",
        "_perform_full_evaluation",
    ),
    ("dspy.teleprompt.gepa.gepa", "GEPA"): ("DspyAdapter", "log_dir", "self.max_metric_calls", "self.metric_fn"),
    ("dspy.teleprompt.simba", "SIMBA"): ("best_program", "bsize", "candidate_programs", "max_steps", "simba_idx"),
    ("dspy.teleprompt.copro_optimizer", "COPRO"): ("breadth", "depth"),
}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "BootstrapFewShot": {},
    "BootstrapFewShotWithRandomSearch": {"num_candidate_programs": 1, "num_threads": 1},
    "MIPROv2": {"auto": None, "num_candidates": 2, "num_threads": 1, "seed": 1},
    "GEPA": {"max_full_evals": 1, "num_threads": 1},
    "SIMBA": {"bsize": 4, "num_candidates": 2, "max_steps": 1, "num_threads": 1},
    "COPRO": {"breadth": 2, "depth": 1},
}


def without(name: str, module: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> type:
    """DSPy's class as it would be in a version in which `name` is called otherwise, but as a keyword of callers."""
    found = importlib.import_module(module)
    source = inspect.getsource(found)
    changed = re.sub(rf"\b{re.escape(name)}\b", f"{name}_renamed", source)
    assert changed != source
    made: dict[str, Any] = {"__name__": module, "__package__": found.__package__, "__file__": found.__file__}
    helper = "dspy.teleprompt.gepa.gepa_utils" if name == "DspyAdapter" else "dspy.teleprompt.mipro_optimizer_v2"
    if hasattr(importlib.import_module(helper), name):  # imported by its name: it has the new one at its home as well
        home = importlib.import_module(getattr(importlib.import_module(helper), name).__module__)
        monkeypatch.setattr(home, f"{name}_renamed", getattr(home, name), raising=False)
    exec(compile(changed, found.__file__ or module, "exec"), made)
    return made[kind]


def optimize(kind: type, seen: Watched, task: Task, arguments: dict[str, Any]) -> Any:
    metric = entity_metric(task)
    if kind.__name__ == "GEPA":
        arguments = arguments | {"reflection_lm": stand_in(StandInEngine())}
        optimizer = kind(lambda example, answer, *_: metric(example, answer), **arguments)
    else:
        optimizer = kind(metric=metric, **arguments)
    given: dict[str, Any] = {"trainset": task.train[:8]}
    if kind.__name__ == "MIPROv2":
        given |= {"valset": task.dev[:4], "num_trials": 2, "minibatch": False}
    if kind.__name__ == "COPRO":
        given["eval_kwargs"] = {"num_threads": 1, "display_progress": False}
    return optimizer.compile(Student(task, seen.tracker), **given)


def warnings_in_the_log(seen: Watched) -> list[str]:
    return [event["message"] for event in seen.events() if event.get("level") == "WARNING"]


@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
@pytest.mark.parametrize(
    ("module", "kind", "name"), [(*where, name) for where, names in NAMES.items() for name in ("", *names)]
)
def test_a_private_name_that_is_missing(
    module: str,
    kind: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    optimizer = without(name, module, kind, monkeypatch) if name else getattr(dspy, kind)
    arguments = {f"{key}_renamed" if key == name else key: value for key, value in ARGUMENTS[kind].items()}
    task = entity_task()
    with caplog.at_level(logging.WARNING), watched(tmp_path) as seen:
        with track(seen.tracker, PHASE):
            program = optimize(optimizer, seen, task, arguments)
        assert isinstance(program, dspy.Module)
        assert "Error when" not in caplog.text  # as DSPy says of a callback that raised
        warned = warnings_in_the_log(seen)
        assert any(message.startswith(f"{kind} is done") for message in seen.messages())
        findings = [message for message in warned if "not all candidates" in message]
        warned = [message for message in warned if message not in findings]
        assert len(findings) <= 1
        assert len(warned) <= 1
        if warned:
            assert "without a fraction" in warned[0]
        else:
            assert seen.fractions()[-1] == 1.0
            if not name:
                assert len(seen.fractions()) > 2


@pytest.mark.parametrize("version", ["2.6.0", "3.4.0", "3.5.0", "4.0.0.dev1", "", None])
def test_a_version_that_is_not_known_has_no_fraction(
    version: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    if version is None:
        monkeypatch.delattr(dspy, "__version__")
    else:
        monkeypatch.setattr(dspy, "__version__", version)
    task = entity_task()
    with watched(tmp_path) as seen:
        for _ in range(2):
            with track(seen.tracker, PHASE):
                optimize(dspy.BootstrapFewShot, seen, task, {})
        with track(seen.tracker, phases.MODEL_VALIDATION, evaluation_calls=4):
            dspy.Evaluate(devset=task.dev[:4], metric=entity_metric(task), num_threads=1)(Student(task, seen.tracker))
        assert seen.fractions() == []
        assert sum("BootstrapFewShot is done" in message for message in seen.messages()) == 2
        assert any(message.startswith("Evaluation on 4 examples: score") for message in seen.messages())
        (warned,) = warnings_in_the_log(seen)
        assert "followed without a fraction" in warned
        assert ">=3.4.1,<3.5" in warned


@pytest.mark.parametrize(
    ("version", "is_known"), [("3.4.1", True), ("3.4.12", True), ("3.4", False), ("3.10.1", False)]
)
def test_versions_are_compared_as_numbers(version: str, is_known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dspy, "__version__", version)
    assert callback_support.is_known_version() is is_known


def test_the_known_versions_are_those_that_the_package_asks_for() -> None:
    package = Path(__file__).parents[3] / "clients" / "python"
    assert f'"dspy{callback_support.known_versions()}"' in (package / "pyproject.toml").read_text()
    assert f"`{callback_support.known_versions()}`" in (package / "README.md").read_text()
