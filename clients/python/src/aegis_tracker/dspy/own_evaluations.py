"""Tells the evaluations of an optimiser from those of others that start while it is at work.

Instruction proposers, stop conditions and other people's callbacks run inside `compile` and may evaluate programs,
by another metric or on programs that the optimiser never made. An evaluation is the optimiser's own when DSPy's code
for that optimiser starts it, which the stack shows, with the optimiser's own metric.
"""

import inspect
from collections.abc import Mapping
from types import FrameType
from typing import Any

from aegis_tracker.dspy.optimizers import Procedure
from aegis_tracker.dspy.running_compile import frames

_CALLBACK_RUNNERS = (
    "with_callbacks.<locals>._execute_start_callbacks",
    "with_callbacks.<locals>._execute_end_callbacks",
)
_CALLBACK_WRAPPER = "with_callbacks.<locals>.sync_wrapper"

# DSPy's functions that evaluate for whoever calls them.
_TRACE_COLLECTORS = ("bootstrap_trace_data", "evaluate_with_trace")


def runs_callback(frame: FrameType) -> bool:
    """Whether this function of DSPy's calls callbacks."""
    return frame.f_code.co_qualname in _CALLBACK_RUNNERS


def callbacks_are_visible() -> bool:
    """Whether the functions that call callbacks have the expected names. For use in a callback."""
    names = {frame.f_code.co_qualname for frame in frames()}
    return _CALLBACK_WRAPPER in names and not names.isdisjoint(_CALLBACK_RUNNERS)


def is_in_another_callback() -> bool:
    """Whether the call that starts in this thread is made by a callback. The first that runs is the tracker's own."""
    return sum(map(runs_callback, frames())) > 1


def is_own(procedure: Procedure, optimizer: Any, evaluate: Any, inputs: Mapping[str, Any]) -> bool:
    """Whether the evaluation that starts in this thread is one of the optimiser's."""
    collector, starter = _starter()
    if starter is None or starter.f_code.co_qualname not in procedure.evaluators:
        return False
    if collector is not None:  # it passes on a metric of its own making, or scores by itself
        return any(
            _are_the_same(collector.f_locals.get(name), procedure.metric_of(optimizer))
            for name in ("metric", "metric_fn")
        )
    given = inputs.get("metric")
    return _are_the_same(evaluate.metric if given is None else given, procedure.metric_of(optimizer))


def _starter() -> tuple[FrameType | None, FrameType | None]:
    """The outermost of DSPy's collectors of traces through which an evaluation starts, if any, and the function of
    DSPy's that starts it."""
    collector = None
    is_started = False
    for frame in frames():
        if not frame.f_globals.get("__name__", "").startswith("dspy."):
            continue  # wrappers of other libraries
        name = frame.f_code.co_qualname
        if not is_started:
            is_started = name == _CALLBACK_WRAPPER
        elif name in _TRACE_COLLECTORS:
            collector = frame
        elif name != _CALLBACK_WRAPPER:
            return collector, frame
    return collector, None


def _are_the_same(one: Any, other: Any) -> bool:
    """Whether two metrics are one, bare or wrapped."""
    if one is other:
        return one is not None
    one, other = _unwrapped(one), _unwrapped(other)
    return one is other or (inspect.ismethod(one) and inspect.ismethod(other) and one == other)


def _unwrapped(metric: Any) -> Any:
    try:
        return inspect.unwrap(metric)
    except ValueError:  # it wraps itself
        return metric
