"""Measure a program on samples."""

from collections.abc import Callable
from typing import Any

import dspy
from dspy.utils.callback import BaseCallback

from domain_training.metric import Metric
from domain_training.scoring import mean


def evaluate(program: dspy.Module, examples: list[dspy.Example], metric: Metric, threads: int) -> list[float]:
    """The F1 of each sample, in their order; a sample on which the program fails counts 0."""
    measure = dspy.Evaluate(devset=examples, metric=metric, num_threads=threads, provide_traceback=False)
    result = measure(program)
    return [float(score) for _, _, score in result.results]


class OnEvaluated(BaseCallback):
    """Calls `on_started()` before and `on_ended(program, mean_f1)` after each evaluation of an optimiser."""

    def __init__(self, on_started: Callable[[], None], on_ended: Callable[[dspy.Predict, float], None]) -> None:
        self._on_started = on_started
        self._on_ended = on_ended
        self._programs: dict[str, dspy.Predict] = {}

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        self._programs[call_id] = inputs["program"]
        self._on_started()

    def on_evaluate_end(self, call_id: str, outputs: Any | None, exception: Exception | None = None) -> None:
        program = self._programs.pop(call_id)
        if outputs is not None:
            self._on_ended(program, mean(score for _, _, score in outputs.results))
