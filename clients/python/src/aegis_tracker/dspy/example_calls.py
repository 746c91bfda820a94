"""Tells an example's own call of the program from those that a metric makes.

DSPy runs the program on an example and then the metric on its outcome, in one function and as parts of the same
call: callbacks show no difference. So it is looked up in that function, which is on the stack of the thread:
it has no outcome yet while the program runs. A metric's own threads do not have it on their stack at all.
"""

from types import FrameType

from aegis_tracker.dspy.own_evaluations import runs_callback
from aegis_tracker.dspy.running_compile import frames

# DSPy's functions that run a program and then the metric, and a variable that is not set before the program is done.
_OUTCOMES = {
    "Evaluate.__call__.<locals>.process_item": "prediction",
    "BootstrapFewShot._bootstrap_one_example": "prediction",
    "wrap_program.<locals>.wrapped_program": "output",
}

# Those that call the metric by itself, and a variable that is set when they do.
_JUDGING = {
    "GEPA.compile.<locals>.feedback_fn_creator.<locals>.feedback_fn": "predictor_output",
    "evaluate_with_trace": "trajs",
}


JUDGING = frozenset(_JUDGING)


def runs_metric_after(frame: FrameType, name: str) -> bool:
    """Whether this function of DSPy's, of this name, has the program's answer and calls the metric."""
    variable = _OUTCOMES.get(name) or _JUDGING.get(name)
    return variable is not None and variable in frame.f_locals


def metric_runs(thread: int) -> bool:
    """Whether an optimiser that compiles in this thread is calling its metric, outside of any evaluation."""
    return any(
        frame.f_code.co_qualname in _JUDGING and _JUDGING[frame.f_code.co_qualname] in frame.f_locals
        for frame in frames(thread)
    )


class ExampleCalls:
    """The calls of one step, or of one optimiser that has no steps."""

    def __init__(self) -> None:
        self._are_visible = False  # in another version of DSPy the functions may have other names

    def has_this_one(self) -> bool:
        """Whether the call that starts in this thread is an example's own."""
        callbacks = 0
        for frame in frames():
            callbacks += runs_callback(frame)
            variable = _OUTCOMES.get(frame.f_code.co_qualname)
            if variable is not None and frame.f_globals.get("__name__", "").startswith("dspy."):
                self._are_visible = True
                return callbacks < 2 and variable not in frame.f_locals  # more than ours: another callback calls it
        return not self._are_visible
