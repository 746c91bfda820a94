"""What DSPy tells of an evaluation: on which examples it is, and with which score."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import dspy

from aegis_tracker.dspy.running_compile import frames
from aegis_tracker.dspy.scores import Score

_ROUNDING_PERCENT = 0.005001  # of a number with two digits, and what adding up in another order makes


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
    """The mean of the metric, and how many examples failed.

    DSPy gives the mean in percent with two digits: 99.996 % would be all of them. So it is taken from the examples'
    own scores, where they are given and have that mean.

    An example that failed has an empty prediction, and the evaluation's own `failure_score` as its score: the very
    object, as a metric may give an equal one.
    """
    try:
        percent = float(outputs.score)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return Score(math.nan)
    results = [result[1:] for result in getattr(outputs, "results", None) or () if isinstance(result, tuple)]
    failed = sum(_is_failure(result, failure_score) for result in results)
    exact = _mean(result[-1] for result in results if result)
    is_same = exact is not None and abs(100 * exact - percent) <= _ROUNDING_PERCENT
    return Score(exact if exact is not None and is_same else round(percent / 100, 4), failed)


def example_scores(outputs: Any, failure_score: Any) -> list[float | None]:
    """The score of each example, in order; None for one that failed, or whose score is no number."""
    results = [result[1:] for result in getattr(outputs, "results", None) or () if isinstance(result, tuple)]
    return [
        None if _is_failure(result, failure_score) else _number(result[-1] if result else None) for result in results
    ]


def _number(score: Any) -> float | None:
    try:
        number = float(score)
    except (TypeError, ValueError, OverflowError, AttributeError):
        return None
    return number if math.isfinite(number) else None


def _mean(scores: Iterable[Any]) -> float | None:
    """None where there are no scores, or something else than numbers."""
    try:
        numbers = [float(score) for score in scores]
        return math.fsum(numbers) / len(numbers)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, AttributeError):
        return None


def _is_failure(result: Any, failure_score: Any) -> bool:
    try:
        answer, score = result
        return isinstance(answer, dspy.Prediction) and not answer.keys() and score is failure_score
    except Exception:  # noqa: BLE001 - another version of DSPy
        return False
