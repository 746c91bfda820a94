"""What one call of a DSPy program costs, in CPU time: alone, with a callback that does nothing, and followed.

Runs in the example's environment, with its stand-in model, which answers at once. Evaluations of 100 examples, the
three ways in turn; medians.
"""

import logging
import statistics
import sys
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from io import StringIO
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
EXAMPLE = PROJECT / "examples" / "domain_training"
sys.path[:0] = [str(EXAMPLE), str(PROJECT / "benchmarks")]

import domain_training  # noqa: F401  (imported before DSPy: it keeps LiteLLM from looking for the internet)
import dspy
from aegis_tracker import TrainingProgressTracker, phases
from aegis_tracker.dspy import track
from domain_training.dataset import Dataset, DatasetReader, locate_files
from domain_training.models import STAND_IN, make_model
from domain_training.tasks import make_tasks
from dspy.utils.callback import BaseCallback
from table import report

EXAMPLES = 100
ROUNDS = 25
WAYS = ("without callbacks", "with an empty callback", "followed")
NOBODY = "http://127.0.0.1:9"


def prepared(way: str, tracker: TrainingProgressTracker) -> AbstractContextManager[None]:
    """DSPy's settings for one of the ways."""
    if way == "followed":
        return track(tracker, phases.ENTITY_EXTRACTION_OPTIMIZATION, evaluation_calls=EXAMPLES)
    return dspy.context(callbacks=[BaseCallback()]) if way == "with an empty callback" else nullcontext()


def main() -> None:
    """One thread and four, all ways."""
    logging.disable(logging.INFO)
    reader = DatasetReader()
    files = locate_files([EXAMPLE / "data" / "medical"])
    task = make_tasks("medical", Dataset(**{split: reader.read(path) for split, path in files.items()}))[0]
    program, examples = dspy.Predict(task.program.signature), (task.train * 2)[:EXAMPLES]
    rows = []
    with tempfile.TemporaryDirectory() as spool, dspy.context(lm=make_model(STAND_IN)):
        tracker = TrainingProgressTracker("medical", url=NOBODY, token="none", spool_dir=spool)
        for threads in (1, 4):
            evaluate = dspy.Evaluate(devset=examples, metric=lambda *_: 1.0, num_threads=threads)
            taken: dict[str, list[float]] = {way: [] for way in WAYS}
            for _ in range(ROUNDS):
                for way in WAYS:
                    with prepared(way, tracker), redirect_stdout(StringIO()):
                        begun = time.process_time()
                        evaluate(program)
                        taken[way].append((time.process_time() - begun) * 1000 / EXAMPLES)
            alone, empty, followed = (taken[way] for way in WAYS)
            measured = (alone, added(empty, alone), added(followed, empty))
            rows.append((threads, *(f"{statistics.median(one):.2f}" for one in measured)))
        tracker.close(timeout=0)
    head = ("threads", "a call, ms", "any callback adds", "following adds to that")
    report("dspy_calls", "CPU time of a call of a DSPy program", head, rows)


def added(more: list[float], less: list[float]) -> list[float]:
    """Round by round."""
    return [one - other for one, other in zip(more, less, strict=True)]


if __name__ == "__main__":
    main()
