"""Sees in DSPy's calls what an optimiser does.

DSPy tells each call's id and keeps the id of the call around it in a context variable, which it carries into the
threads of its pools. So it is known which optimiser or evaluation a module call belongs to, in whatever thread.
A call counts when the optimiser or evaluation right around it calls the program that it works on: calls of nested
modules, of proposers and of metrics that ask a model do not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dspy.utils.callback import ACTIVE_CALL_ID, BaseCallback

from aegis_tracker.dspy import optimizers
from aegis_tracker.dspy.gepa_stop import GepaStop
from aegis_tracker.dspy.progress import Progress, Reports
from aegis_tracker.dspy.simba_log import SimbaLog
from aegis_tracker.dspy.steps import Evaluation, Search, Step


def _unknown_score(program: Any) -> float | None:
    return None


@dataclass(frozen=True)
class _Call:
    """A running optimiser or evaluation that is followed. `is_student` tells which modules it works on, `final_score`
    the score of the optimised program where no evaluation tells it."""

    is_student: Callable[[Any], bool]
    step: Step | None = None
    program: Any = None
    is_root: bool = False
    final_score: Callable[[Any], float | None] = _unknown_score


def _nobody(module: Any) -> bool:
    return False


class Hooks(BaseCallback):
    """DSPy's callbacks of one `track` block."""

    def __init__(self, tracker: Reports, progress: Progress, *, follows_optimizer: bool) -> None:
        self._tracker = tracker
        self._progress = progress
        self._follows_optimizer = self._waits_for_optimizer = follows_optimizer
        self._outside = ACTIVE_CALL_ID.get()  # the call that the block itself is in, if any
        self._calls: dict[str, _Call] = {}
        self._students: dict[str, _Call] = {}
        self._proposers: set[str] = set()
        self._proposing = False
        self._stop: GepaStop | None = None
        self._simba_log: SimbaLog | None = None

    def on_compile_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An optimiser begins: the one to follow, or one that it uses."""
        if ACTIVE_CALL_ID.get() == self._outside:
            self._root_begins(call_id, instance, inputs)
        elif ACTIVE_CALL_ID.get() in self._calls:
            search = optimizers.search_of(instance, inputs) if optimizers.is_search(instance) else None
            self._begin(call_id, _Call(_students_of(instance), search))

    def on_compile_end(self, call_id: str, outputs: Any | None, exception: BaseException | None = None) -> None:
        """An optimiser ended."""
        call = self._calls.pop(call_id, None)
        if call is None:
            return
        if isinstance(call.step, Search) and (exception is None or not call.is_root):
            self._progress.search_ends(call.step)
        if not call.is_root:
            return
        stopped = self._stop is not None and self._stop.withdraw()
        if self._simba_log is not None:
            self._simba_log.close()
        if exception is None:
            self._progress.ends(call.final_score(outputs), stopped=stopped)
        else:
            self._progress.breaks(exception)

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An evaluation begins: of an optimiser, or of the block. One within another is a metric's."""
        around = self._calls.get(ACTIVE_CALL_ID.get())
        of_the_block = ACTIVE_CALL_ID.get() == self._outside
        if not of_the_block and (around is None or isinstance(around.step, Evaluation)):
            return
        devset, program = inputs["devset"] or instance.devset, inputs["program"]
        step = Evaluation(len(devset))
        if of_the_block and self._follows_optimizer:
            self._calls[call_id] = _Call(_nobody, step, program)  # beside the work: only its score is told
        else:
            self._begin(call_id, _Call(lambda module: module is program, step, program))

    def on_evaluate_end(self, call_id: str, outputs: Any | None, exception: BaseException | None = None) -> None:
        """An evaluation ended. DSPy gives the mean of its metric in percent, with two digits."""
        call = self._calls.pop(call_id, None)
        if call is not None and isinstance(call.step, Evaluation):
            score = None if outputs is None else round(float(outputs.score) / 100, 4)
            self._progress.evaluation_ends(call.step, call.program, score, exception)

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A program is called."""
        around = self._calls.get(ACTIVE_CALL_ID.get())
        if around is None:
            return
        if around.is_student(instance):
            self._students[call_id] = around
            self._proposing = False
            self._progress.model_begins()
        elif around.is_root and self._progress.proposes:
            self._proposers.add(call_id)
            if not self._proposing:
                self._proposing = True
                self._progress.proposing()

    def on_module_end(self, call_id: str, outputs: Any | None, exception: BaseException | None = None) -> None:
        """A program was called, with whatever success."""
        call = self._students.pop(call_id, None)
        if call is not None:
            self._progress.student_done(call.step)
            if self._stop is not None and self._tracker.cancel_requested:
                self._stop.request()
        elif call_id in self._proposers:
            self._proposers.discard(call_id)
            completions = getattr(outputs, "completions", None)
            if completions is not None:
                self._progress.proposed(len(completions))

    def _root_begins(self, call_id: str, optimizer: Any, inputs: dict[str, Any]) -> None:
        name = type(optimizer).__name__
        if not self._waits_for_optimizer:
            self._progress.passes_over(name)
            return
        self._waits_for_optimizer = False
        try:
            expectation = optimizers.expectation_of(optimizer, inputs)
        except Exception as error:  # noqa: BLE001 - settings that the optimiser is about to refuse itself
            expectation = None
            self._progress.not_understood(name, error)
        self._progress.begins(name, inputs, expectation)
        if optimizers.is_gepa(optimizer) and optimizer.log_dir:
            self._stop = GepaStop(optimizer.log_dir)
        if optimizers.is_simba(optimizer):
            self._simba_log = SimbaLog(call_id, self._progress.batch_scored)
            self._simba_log.listen()
        search = optimizers.search_of(optimizer, inputs) if optimizers.is_search(optimizer) else None
        final_score = _best_of_simba if optimizers.is_simba(optimizer) else _unknown_score
        self._begin(call_id, _Call(_students_of(optimizer), search, is_root=True, final_score=final_score))

    def _begin(self, call_id: str, call: _Call) -> None:
        self._calls[call_id] = call
        if call.step is not None:
            self._proposing = False
            self._progress.step_begins(call.step)


def _students_of(optimizer: Any) -> Callable[[Any], bool]:
    """Which modules are the students that an optimiser calls by itself, not through an evaluation."""
    if optimizers.is_search(optimizer):
        return lambda module: module is optimizer.teacher
    if optimizers.is_simba(optimizer):
        return lambda module: hasattr(module, "simba_idx")  # by which SIMBA knows its candidates
    return _nobody


def _best_of_simba(program: Any) -> float | None:
    """SIMBA evaluates its finalists by itself and attaches their scores, best first, in the metric's own units."""
    candidates = getattr(program, "candidate_programs", None)
    return round(float(candidates[0]["score"]), 4) if candidates else None
