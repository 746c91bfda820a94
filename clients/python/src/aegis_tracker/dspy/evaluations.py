"""What DSPy tells of an evaluation: on which examples it is, and with which score."""

import math
from collections.abc import Mapping
from typing import Any

import dspy

from aegis_tracker.dspy.running_compile import frames
from aegis_tracker.dspy.scores import Score


def evaluated_examples(evaluate: Any, inputs: Mapping[str, Any]) -> Any:
    """The examples that a call of an Evaluate is about."""
    given = inputs.get("devset")
    return evaluate.devset if given is None else given


def is_scored() -> bool:
    """Whether the evaluation that starts in this thread has a metric. GEPA may only collect answers with it, by a
    function of DSPy's that counts each of them as right then."""
    collecting = next((frame for frame in frames() if frame.f_code.co_qualname == "bootstrap_trace_data"), None)
    return collecting is None or collecting.f_locals.get("metric") is not None


def score_of(outputs: Any, failure_score: Any) -> Score:
    """The mean of the metric, which DSPy gives in percent with two digits, and how many examples failed.

    An example that failed has an empty prediction, and the evaluation's own `failure_score` as its score: the very
    object, as a metric may give an equal one.
    """
    try:
        value = round(float(outputs.score) / 100, 4)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return Score(math.nan)
    results = [result[1:] for result in getattr(outputs, "results", None) or () if isinstance(result, tuple)]
    return Score(value, sum(_is_failure(result, failure_score) for result in results))


def _is_failure(result: Any, failure_score: Any) -> bool:
    try:
        answer, score = result
        return isinstance(answer, dspy.Prediction) and not answer.keys() and score is failure_score
    except Exception:  # noqa: BLE001 - another version of DSPy
        return False
