"""Tells for what a language model is called: by the program, its teacher, a proposer, a reflection, or the metric.

Several roles mostly share one model, so the model does not say it. The functions on the stack do. Threads that a
program starts by itself do not have them on their stack: there, the call around says it.
"""

from typing import Any

from aegis_tracker.dspy.example_calls import runs_metric_after
from aegis_tracker.dspy.running_compile import frames

STUDENT, TEACHER, PROPOSER, REFLECTION, METRIC, OTHER = (
    "student",
    "teacher",
    "proposer",
    "reflection",
    "metric",
    "other",
)

_EXAMPLE_CALLS = {
    "Evaluate.__call__.<locals>.process_item": STUDENT,
    "wrap_program.<locals>.wrapped_program": STUDENT,
    "BootstrapFewShot._bootstrap_one_example": TEACHER,
}
_FUNCTIONS = {
    "DspyAdapter.propose_new_texts": REFLECTION,
    "DspyAdapter.stripped_lm_call": REFLECTION,
    "MIPROv2._propose_instructions": PROPOSER,
    "COPRO.compile": PROPOSER,
    "append_a_rule": PROPOSER,
}
_PROPOSERS = "dspy.propose."  # modules whose calls are for proposals
_MODELS = {"reflection_lm": REFLECTION, "prompt_model": PROPOSER}  # attributes of optimisers


class CallRoles:
    """The roles of the calls that run. Used by all threads."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}  # of calls of modules, which those inside inherit
        self._evaluations_of_metrics: set[str] = set()

    def module_started(self, call_id: str, around: Any) -> None:
        """A module is called, in the call `around`."""
        role = self._roles.get(around) or self._here(around)
        if role is not None:
            self._roles[call_id] = role

    def module_ended(self, call_id: str) -> None:
        """It has answered."""
        self._roles.pop(call_id, None)

    def evaluation_started(self, call_id: str, around: Any) -> None:
        """An evaluation starts. What a metric evaluates is the metric's."""
        if METRIC in (self._roles.get(around), self._here(around)):
            self._evaluations_of_metrics.add(call_id)

    def evaluation_ended(self, call_id: str) -> None:
        """It is over."""
        self._evaluations_of_metrics.discard(call_id)

    def of_model_call(self, around: Any, lm: Any, optimizer: Any) -> str:
        """The role of a call of a language model that starts in this thread, while `optimizer` is at work."""
        role = self._roles.get(around) or self._here(around)
        if role is None:
            return next((role for name, role in _MODELS.items() if getattr(optimizer, name, None) is lm), OTHER)
        if role == STUDENT and _is_teacher(lm, optimizer):
            return TEACHER
        return role

    def _here(self, around: Any) -> str | None:
        return METRIC if around in self._evaluations_of_metrics else _role_by_stack()


def _role_by_stack() -> str | None:
    """What the innermost function says that says something; the metric's, if any of them says that."""
    found: str | None = None
    for frame in frames():
        name = frame.f_code.co_qualname
        if runs_metric_after(frame, name):
            return METRIC
        if found is None:
            found = _EXAMPLE_CALLS.get(name) or _FUNCTIONS.get(name)
            if found is None and frame.f_globals.get("__name__", "").startswith(_PROPOSERS):
                found = PROPOSER
    return found


def _is_teacher(lm: Any, optimizer: Any) -> bool:
    """Whether SIMBA samples with its teacher's model."""
    settings = getattr(optimizer, "teacher_settings", None)
    return isinstance(settings, dict) and settings.get("lm") is lm and lm is not None
