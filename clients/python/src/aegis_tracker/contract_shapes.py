"""Whether an answer has the shape that the contract gives it: `contract_types`, as far as it can be known at run time.

What answers may be something else than the service, so its JSON is looked at before others rely on it. That goes for
the keys of `_RELIED_ON`: an earlier service may lack others, and a later one may have more.
"""

import sys
import types
import typing
from datetime import datetime
from functools import cache
from typing import Any

from aegis_tracker import contract_types as contract

_STATUS = frozenset(
    {"domain_name", "training_run_id", "run_number", "status", "progress", "current_step", "steps", "message"}
    | {"metrics", "estimated_completion", "elapsed_time_ms", "health", "failure_reason", "error_message"}
)
_ENVELOPE = frozenset({"event_type", "data"})
_RELIED_ON: dict[Any, frozenset[str]] = {  # of types that grow; all keys of the others
    contract.TrainingStatus: _STATUS,
    contract.TrainingRun: _STATUS | {"llm_model", "config"},
    contract.Domain: frozenset({"name", "latest_run"}),
    contract.Step: frozenset({"name", "status", "progress"}),
    contract.LogEntry: frozenset({"seq"}),
    contract.TrainingHistory: frozenset({"domain_name", "training_runs", "improvement"}),
    contract.PastRun: frozenset({"run_number", "status", "metrics"}),
    contract.TrainingComparison: frozenset({"domain_name", "runs", "metrics", "phases", "configuration", "prompts"}),
    contract.ComparedRun: frozenset({"run_number", "metrics"}),
    contract.StatusEnvelope: _ENVELOPE,
    contract.LogEnvelope: _ENVELOPE,
    contract.GapEnvelope: _ENVELOPE,
    contract.CandidateEnvelope: _ENVELOPE,
    contract.EvaluationEnvelope: _ENVELOPE,
    contract.NewCandidate: frozenset({"candidate", "number"}),
    contract.Candidate: frozenset({"candidate", "number", "score"}),
    contract.CandidateDetails: frozenset({"candidate", "number", "score", "state"}),
    contract.Evaluation: frozenset({"number", "candidate", "metric", "score"}),
    contract.UsageTotals: frozenset({"calls", "input_tokens", "output_tokens", "cost"}),
    contract.ModelUsage: frozenset({"model", "role", "calls", "cost"}),
}
_TIMES = frozenset({"estimated_completion"})
_WHOLE_MAX = 2**63


def has_shape(value: object, shape: Any) -> bool:
    """Whether JSON is what a type of `contract_types`, or one that is made of them, says."""
    if shape is Any:
        return True
    if typing.is_typeddict(shape):
        return _is_object(value, shape)
    origin, parts = typing.get_origin(shape), typing.get_args(shape)
    if origin in (typing.Union, types.UnionType):
        return any(has_shape(value, part) for part in parts)
    if origin is typing.Literal:  # a later service may know more words
        return isinstance(value, str)
    if origin is list:
        return isinstance(value, list) and all(has_shape(item, parts[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(has_shape(item, parts[1]) for item in value.values())
    if shape is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _WHOLE_MAX
    if shape is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return isinstance(value, shape)


def _is_object(value: object, shape: Any) -> bool:
    relied_on = _RELIED_ON.get(shape, shape.__required_keys__)
    return (
        isinstance(value, dict)
        and value.keys() >= relied_on
        and all(has_shape(value[name], _members(shape)[name]) for name in relied_on)
        and all(value[name] is None or _is_time(value[name]) for name in relied_on & _TIMES)
    )


@cache
def _members(shape: Any) -> dict[str, Any]:
    return typing.get_type_hints(shape)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return False
    return True
