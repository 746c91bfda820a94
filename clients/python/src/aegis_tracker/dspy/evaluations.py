"""What DSPy tells of an evaluation: on which examples it is, and with which score."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import dspy

from aegis_tracker.dspy.scores import Score


def evaluated_examples(evaluate: Any, inputs: Mapping[str, Any]) -> Any:
    """The examples that a call of an Evaluate is about."""
    given = inputs.get("devset")
    return evaluate.devset if given is None else given


def is_scored(evaluate: Any, inputs: Mapping[str, Any]) -> bool:
    """Whether a metric scores the answers. GEPA may only collect them, and DSPy counts each as right then."""
    metric: Any = inputs.get("metric") or getattr(evaluate, "metric", None)
    if getattr(metric, "__qualname__", "") != "bootstrap_trace_data.<locals>.wrapped_metric":
        return True
    return inspect.getclosurevars(metric).nonlocals.get("metric") is not None


def score_of(outputs: Any) -> Score:
    """The mean of the metric, which DSPy gives in percent with two digits, and how many examples failed.

    An example that failed has an empty prediction.
    """
    try:
        value = round(float(outputs.score) / 100, 4)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return Score(math.nan)
    predictions = [result[1] for result in getattr(outputs, "results", None) or () if isinstance(result, tuple)]
    failed = sum(isinstance(answer, dspy.Prediction) and not answer.keys() for answer in predictions)
    return Score(value, failed)
