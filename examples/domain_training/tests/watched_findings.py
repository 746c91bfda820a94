"""The truth about what an optimiser finds and uses: from DSPy's own callbacks and log, and from the model's engine."""

import ast
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dspy
from domain_training.standin.engine import StandInEngine
from dspy.lm15 import Request, Response
from dspy.utils.callback import BaseCallback

Event = dict[str, Any]
COUNTS = ("calls", "input_tokens", "output_tokens")
_SIMBA_SCORES = re.compile(r"^(Scores after \d+ batches|Final trainset scores): (\[.*?\]), Best", re.DOTALL)


class CountingEngine(StandInEngine):
    """Counts its own calls and tokens."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Response:
        response = super().complete(request)
        with self._lock:
            self.counts["calls"] += 1
            self.counts["input_tokens"] += response.usage.input_tokens
            self.counts["output_tokens"] += response.usage.output_tokens
        return response


def counting_model(name: str = "stand-in", **settings: Any) -> tuple[dspy.LM, CountingEngine]:
    engine = CountingEngine()
    return dspy.LM(name, engine=engine, **{"cache": False} | settings), engine


class Evaluations(BaseCallback):
    """What DSPy reports of evaluations: its score in percent, and how many examples there were."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []
        self._examples: dict[str, int] = {}

    def on_evaluate_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        if exception is None:
            self.seen.append((outputs.score, len(outputs.results)))


class _SimbaScores(logging.Handler):
    """What SIMBA says in its log."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        if said := _SIMBA_SCORES.search(record.getMessage()):
            self.seen += ast.literal_eval(said[2])


@contextmanager
def evaluations_of_dspy() -> Iterator[Evaluations]:
    """Those of the block that is opened inside."""
    evaluations = Evaluations()
    with dspy.context(callbacks=[evaluations]):
        yield evaluations


@contextmanager
def scores_of_simba() -> Iterator[list[float]]:
    """All scores of programs that a SIMBA inside logs."""
    handler, logger = _SimbaScores(), logging.getLogger("dspy.teleprompt.simba")
    logger.addHandler(handler)
    try:
        yield handler.seen
    finally:
        logger.removeHandler(handler)


def of_type(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


def used(events: list[Event], **of: str) -> Counter[str]:
    """The sums of the usage reported, of models and roles as given."""
    sums: Counter[str] = Counter()
    for event in of_type(events, "usage"):
        for model in event["models"]:
            if all(model[name] == value for name, value in of.items()):
                sums.update({name: model.get(name, 0) for name in (*COUNTS, "cached_calls", "errors")})
    return +sums


def best_evaluation(events: list[Event]) -> Event:
    """By the contract's rule: the highest score on the largest split, the earlier of equals."""
    order = ("development", "test", "train", "minibatch")
    evaluations = of_type(events, "evaluation")
    largest = max(event["example_count"] for event in evaluations)
    of_the_largest = [event for event in evaluations if event["example_count"] == largest]
    split = min((event["split"] for event in of_the_largest), key=order.index)
    return max((event for event in of_the_largest if event["split"] == split), key=lambda event: event["score"])


def score_in_a_fresh_process(candidate: Event, split: str, folder: Path) -> float:
    """The score of a candidate's program, which another process loads."""
    file = folder / "program.json"
    file.write_text(json.dumps(candidate["state"]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("score_program.py")), str(file), split],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout.splitlines()[-1])
