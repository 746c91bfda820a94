"""One optimisation by DSPy with a model that takes 50 ms a call; prints the seconds it took.

Runs in the example's environment. usage: dspy_optimization.py OPTIMIZER plain|tracked
"""

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "domain_training"
sys.path.insert(0, str(EXAMPLE))

import domain_training  # noqa: F401  (imported before DSPy: it keeps LiteLLM from looking for the internet)
import dspy
from aegis_tracker import TrainingProgressTracker, phases
from aegis_tracker.dspy import track
from domain_training.dataset import Dataset, DatasetReader, locate_files
from domain_training.metric import make_metric
from domain_training.models import STAND_IN, make_model
from domain_training.tasks import make_tasks

CALL_S = 0.05
THREADS = {"num_threads": 1}

Compile = Callable[[dspy.Module, Any, list[Any], list[Any]], object]


def bootstrap(student: dspy.Module, metric: Any, train: list[Any], dev: list[Any]) -> object:
    every_one = {"max_bootstrapped_demos": len(train), "max_labeled_demos": 0}
    return dspy.BootstrapFewShot(**every_one).compile(student, trainset=train)


def random_search(student: dspy.Module, metric: Any, train: list[Any], dev: list[Any]) -> object:
    optimizer = dspy.BootstrapFewShotWithRandomSearch(metric=metric, num_candidate_programs=2, **THREADS)
    return optimizer.compile(student, trainset=train, valset=dev)


def miprov2(student: dspy.Module, metric: Any, train: list[Any], dev: list[Any]) -> object:
    optimizer = dspy.MIPROv2(metric=metric, auto=None, num_candidates=3, seed=1, **THREADS)
    return optimizer.compile(student, trainset=train, valset=dev, num_trials=3, minibatch=False)


def miprov2_minibatches(student: dspy.Module, metric: Any, train: list[Any], dev: list[Any]) -> object:
    optimizer = dspy.MIPROv2(metric=metric, auto=None, num_candidates=3, seed=1, **THREADS)
    sizes = {"num_trials": 5, "minibatch_size": 8, "minibatch_full_eval_steps": 3}
    return optimizer.compile(student, trainset=train, valset=dev, **sizes)


def gepa(student: dspy.Module, metric: Any, train: list[Any], dev: list[Any]) -> object:
    optimizer = dspy.GEPA(metric=metric, max_metric_calls=100, reflection_lm=dspy.settings.lm, **THREADS)
    return optimizer.compile(student, trainset=train, valset=dev)


def simba(student: dspy.Module, metric: Any, train: list[Any], dev: list[Any]) -> object:
    optimizer = dspy.SIMBA(metric=metric, bsize=8, num_candidates=2, max_steps=1, **THREADS)
    return optimizer.compile(student, trainset=train, seed=1)


def copro(student: dspy.Module, metric: Any, train: list[Any], dev: list[Any]) -> object:
    return dspy.COPRO(metric=metric, breadth=3, depth=2).compile(student, trainset=dev, eval_kwargs=dict(THREADS))


OPTIMIZERS: dict[str, Compile] = {
    optimize.__name__: optimize
    for optimize in (bootstrap, random_search, miprov2, miprov2_minibatches, gepa, simba, copro)
}


def main(name: str, *, tracked: bool) -> None:
    """Say that the training begins, train, and say how long it took: from the tracker's making to the run's end."""
    reader = DatasetReader()
    files = locate_files([EXAMPLE / "data" / "medical"])
    task = make_tasks("medical", Dataset(**{split: reader.read(path) for split, path in files.items()}))[0]
    student, metric = dspy.Predict(task.program.signature), make_metric(task.compare)
    print("begins", flush=True)
    with (
        tempfile.TemporaryDirectory() as spool,
        dspy.context(lm=make_model(STAND_IN, pace_s=CALL_S)),
        redirect_stdout(StringIO()),
    ):
        begun = time.perf_counter()
        tracker = TrainingProgressTracker("medical", spool_dir=spool) if tracked else None
        with track(tracker, phases.ENTITY_EXTRACTION_OPTIMIZATION) if tracker else nullcontext():
            OPTIMIZERS[name](student, metric, task.train, task.dev)
        if tracker:
            tracker.complete({})
        taken = time.perf_counter() - begun
        if tracker:
            tracker.close(timeout=0)
    print(taken, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], tracked=sys.argv[2] == "tracked")
