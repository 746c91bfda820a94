"""Tells for what a language model is called: by the program, its teacher, a proposer, a reflection, or the metric.

Several roles mostly share one model, so the model does not say it. The functions on the stack do. Threads that a
program starts by itself do not have them on their stack: there, the call around says it.
"""

from collections.abc import Iterable
from types import FrameType
from typing import Any

from aegis_tracker.dspy.calls import Compilation
from aegis_tracker.dspy.example_calls import JUDGING, runs_metric_after
from aegis_tracker.dspy.running_compile import frames

STUDENT, TEACHER, PROPOSER, REFLECTION, METRIC, OTHER = (
    "student",
    "teacher",
    "proposer",
    "reflection",
    "metric",
    "other",
)

# Functions of DSPy's, and for what they call a model if not for the metric.
_ROLES = {
    "Evaluate.__call__.<locals>.process_item": STUDENT,
    "wrap_program.<locals>.wrapped_program": STUDENT,
    "BootstrapFewShot._bootstrap_one_example": TEACHER,
    "DspyAdapter.propose_new_texts": REFLECTION,
    "DspyAdapter.stripped_lm_call": REFLECTION,
    "MIPROv2._propose_instructions": PROPOSER,
    "COPRO.compile": PROPOSER,
    "append_a_rule": PROPOSER,
}
_TELLING = frozenset(_ROLES) | JUDGING
_MODELS = {"reflection_lm": REFLECTION, "prompt_model": PROPOSER}  # attributes of optimisers


class CallRoles:
    """The roles of the calls that run. Used by all threads."""

    def __init__(self) -> None:
        self.compilation: Compilation | None = None  # that runs
        self._roles: dict[str, str] = {}  # of calls of modules, which those inside inherit
        self._evaluations: dict[str, bool] = {}  # that run, and whether a metric has started them

    def module_started(self, call_id: str, around: Any) -> None:
        """A module is called, in the call `around`."""
        role = self._role(around)
        if role is not None:
            self._roles[call_id] = role

    def module_ended(self, call_id: str) -> None:
        """It has answered."""
        self._roles.pop(call_id, None)

    def evaluation_started(self, call_id: str, around: Any) -> None:
        """An evaluation starts. What a metric evaluates is the metric's."""
        self._evaluations[call_id] = self._role(around) == METRIC

    def evaluation_ended(self, call_id: str) -> None:
        """It is over."""
        self._evaluations.pop(call_id, None)

    def of_model_call(self, around: Any, lm: Any) -> str:
        """The role of a call of a language model that starts in this thread."""
        role, optimizer = self._role(around), self.compilation.optimizer if self.compilation is not None else None
        if role is None:
            return next((role for name, role in _MODELS.items() if getattr(optimizer, name, None) is lm), OTHER)
        if role == STUDENT and _is_teacher(lm, optimizer):
            return TEACHER
        return role

    def _role(self, around: Any) -> str | None:
        if around in self._roles:
            return self._roles[around]
        if self._evaluations.get(around):
            return METRIC
        return _role_by_stack(frames()) or self._by_elimination(around)

    def _by_elimination(self, around: Any) -> str | None:
        """The role of a call in a thread that was started by a metric, or by something else that is no program."""
        if around in self._evaluations:
            return METRIC
        compilation = self.compilation
        if compilation is None or compilation.procedure is None or compilation.running is None:
            return None
        return METRIC if compilation.procedure.name == "SIMBA" else _role_by_stack(frames(compilation.thread))


def _role_by_stack(stack: Iterable[FrameType]) -> str | None:
    """What the innermost function says that says something; the metric's, if any of them says that."""
    found: str | None = None
    for frame in stack:
        name = frame.f_code.co_qualname
        if name in _TELLING:
            if runs_metric_after(frame, name):
                return METRIC
            found = found or _ROLES.get(name)
    return found


def _is_teacher(lm: Any, optimizer: Any) -> bool:
    """Whether SIMBA samples with its teacher's model."""
    settings = getattr(optimizer, "teacher_settings", None)
    return isinstance(settings, dict) and settings.get("lm") is lm and lm is not None
