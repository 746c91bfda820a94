"""The calls of DSPy's that are followed while they run."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from aegis_tracker.dspy import optimizers
from aegis_tracker.dspy.example_calls import ExampleCalls, metric_runs
from aegis_tracker.dspy.gepa_stop import GepaStop
from aegis_tracker.dspy.own_evaluations import is_own
from aegis_tracker.dspy.running_compile import find_running_compile, variables_of
from aegis_tracker.dspy.simba_log import SimbaLog
from aegis_tracker.dspy.steps import Step


def no_module(module: Any) -> bool:
    """No module is a student."""
    return False


@dataclass
class FollowedCall:
    """An optimiser or an evaluation; `is_student` tells which modules it calls on examples."""

    is_student: Callable[[Any], bool] = no_module
    step: Step | None = None
    program: Any = None
    is_scored: bool = True
    failure_score: Any = None
    examples: ExampleCalls = field(default_factory=ExampleCalls)


class Compilation(FollowedCall):
    """The optimiser that a block follows: a call, in which a procedure of DSPy's is at work, or something else."""

    def __init__(self, call_id: str, optimizer: Any, inputs: Mapping[str, Any]) -> None:
        super().__init__()
        self.call_id = call_id
        self.optimizer = optimizer
        self.inputs = _with_keywords(inputs)
        self.procedure = optimizers.procedure_of(optimizer)
        self.thread = threading.get_ident()  # that compiles
        self.running: FrameType | None = None  # the procedure, once it was seen at work
        self.stop: GepaStop | None = None
        self.simba_log: SimbaLog | None = None

    @property
    def name(self) -> str:
        """That of the optimiser's class."""
        return type(self.optimizer).__name__

    def procedure_at_work(self) -> FrameType | None:
        """DSPy's procedure, if it runs."""
        if self.procedure is None:
            return None
        return find_running_compile(self.optimizer, self.procedure.kind, self.thread)

    def evaluates_now(self) -> bool:
        """Whether the procedure may be evaluating a program, rather than its metric."""
        return self.procedure is not None and self.procedure.evaluates and not metric_runs(self.thread)

    def starts_itself(self, evaluate: Any, inputs: Mapping[str, Any]) -> bool:
        """Whether the procedure itself starts this evaluation, rather than somebody whom it calls."""
        return self.procedure is not None and is_own(self.procedure, self.optimizer, evaluate, inputs)

    def variables(self) -> Mapping[str, Any]:
        """What the procedure works with; without one, what the optimiser was given."""
        return self.inputs if self.running is None else variables_of(self.running)

    def judging_examples(self) -> Any:
        """The examples by which the procedure judges; without one, by which the optimiser may judge."""
        return optimizers.judging_examples(self.variables())

    def final_score(self, program: Any) -> float | None:
        """The best score of SIMBA, which evaluates its finalists by itself and attaches their scores, best first, in
        the metric's own units. If one of them is not a number they have no order. None for a program that this SIMBA
        did not make: its scores are those of another optimiser."""
        if self.simba_log is None or self.running is None or program is not self.running.f_locals.get("best_program"):
            return None
        scores = [float(candidate["score"]) for candidate in getattr(program, "candidate_programs", None) or ()]
        return next((score for score in scores if score != score), scores[0]) if scores else None

    def close(self) -> bool:
        """Let go of everything; whether GEPA was asked to stop."""
        self.running = None
        if self.simba_log is not None:
            self.simba_log.close()
        return self.stop is not None and self.stop.withdraw()


def _with_keywords(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a `compile`, with those that it takes as `**keywords`."""
    keywords = [value for value in inputs.values() if isinstance(value, dict)]
    return {name: value for given in keywords for name, value in given.items()} | dict(inputs)
