"""Sees in DSPy's calls what the optimiser of a block does.

DSPy tells each call's id and keeps the id of the call around it in a context variable, which it carries into the
threads of its pools. So it is known which optimiser or evaluation a module call belongs to, in whatever thread.
A call counts when the optimiser or evaluation right around it calls the program that it works on, for an example:
calls of nested modules, of proposers and of metrics do not.
"""

import threading
from contextlib import suppress
from types import FrameType
from typing import Any

from aegis_tracker.dspy import callback_support, optimizers, simba_scores, wording
from aegis_tracker.dspy.block_findings import BlockFindings
from aegis_tracker.dspy.calls import Compilation, FollowedCall, no_module
from aegis_tracker.dspy.evaluations import evaluated_examples, is_scored, score_of
from aegis_tracker.dspy.example_calls import metric_runs
from aegis_tracker.dspy.example_sets import are_the_same
from aegis_tracker.dspy.expectations import Continuation, Expectation
from aegis_tracker.dspy.gepa_stop import GepaStop
from aegis_tracker.dspy.own_evaluations import callbacks_are_visible, is_in_another_callback
from aegis_tracker.dspy.progress import Progress, Reports
from aegis_tracker.dspy.running_compile import variables_of
from aegis_tracker.dspy.simba_log import SimbaLog
from aegis_tracker.dspy.steps import Evaluation, Search


class FollowedBlock:
    """What one `track` block sees: an optimiser, or evaluations."""

    def __init__(
        self, tracker: Reports, progress: Progress, findings: BlockFindings, *, follows_optimizer: bool
    ) -> None:
        self._tracker = tracker
        self._progress = progress
        self._findings = findings
        self._follows_optimizer = self._waits_for_optimizer = follows_optimizer
        self._active = callback_support.active_call()
        self._has_fraction = callback_support.is_known_version()
        self._has_warned = not self._has_fraction  # of the version, see `track`
        self._outside = self._active_call()  # the call that the block itself is in, if any
        self._compilation: Compilation | None = None
        self._calls: dict[str, FollowedCall] = {}
        self._students: dict[str, FollowedCall] = {}
        self._proposers: set[str] = set()
        self._proposing = False
        self._lock = threading.RLock()
        self.saw_work = False

    def compile_started(self, call_id: str, optimizer: Any, inputs: dict[str, Any]) -> None:
        """An optimiser starts: the one to follow, or one that it uses."""
        if call_id in self._calls or (self._active is None and self._compilation is not None):
            return  # told already; or it may be a step or stand beside, which nothing tells
        if is_in_another_callback():
            return
        around = self._calls.get(self._active_call())
        if self._active_call() == self._outside:
            self._compilation_started(call_id, optimizer, inputs)
        elif isinstance(around, Compilation) and optimizer is around.optimizer:
            around.thread = threading.get_ident()  # its `compile` has DSPy's run in another thread
            self._calls[call_id] = around
        elif isinstance(around, Compilation) and self._is_at_work(around, searches=optimizers.is_search(optimizer)):
            search = optimizers.search_of(optimizer, inputs)
            self._begin(call_id, FollowedCall(optimizers.teacher_test(optimizer), search))

    def compile_ended(self, call_id: str, program: Any | None, exception: BaseException | None) -> None:
        """An optimiser ended."""
        call = self._calls.pop(call_id, None)
        if isinstance(call, Compilation):
            if call.call_id == call_id:
                self._compilation_ended(call, program, exception)
        elif call is not None and isinstance(call.step, Search):
            self._search_ended(call.step)

    def evaluation_started(self, call_id: str, evaluate: Any, inputs: dict[str, Any]) -> None:
        """An evaluation starts: of an optimiser, or of the block. One within another is a metric's."""
        self._findings.any_evaluation_started(call_id, self._active_call())
        around = self._calls.get(self._active_call())
        of_the_block = self._active_call() == self._outside
        if call_id in self._calls or not (of_the_block or isinstance(around, Compilation)):
            return
        examples, program = evaluated_examples(evaluate, inputs), inputs["program"]
        step = Evaluation(len(examples))
        failure_score = getattr(evaluate, "failure_score", None)
        call = FollowedCall(lambda module: module is program, step, program, is_scored(), failure_score)
        is_beside = is_in_another_callback() or (of_the_block and self._follows_optimizer)
        self.saw_work = self.saw_work or (of_the_block and not is_beside)
        if isinstance(around, Compilation):
            is_at_work = self._is_at_work(around)
            if is_at_work and not around.evaluates_now():
                return  # a metric's
            if around.running is not None and not (is_at_work and around.starts_itself(evaluate, inputs)):
                is_beside = True
            if not (is_at_work and is_beside):
                step.is_whole = are_the_same(examples, around.judging_examples())
        if is_beside:
            call.is_student = no_module  # only its score is told
            self._calls[call_id] = call
        else:
            self._begin(call_id, call)
        compilation = around if isinstance(around, Compilation) else None
        self._findings.evaluation_started(call_id, program, examples, failure_score, compilation, step.is_whole)

    def evaluation_ended(self, call_id: str, outputs: Any | None, exception: BaseException | None) -> None:
        """An evaluation ended."""
        self._findings.any_evaluation_ended(call_id)
        call = self._calls.pop(call_id, None)
        if call is not None and isinstance(call.step, Evaluation):
            score = score_of(outputs, call.failure_score) if exception is None and call.is_scored else None
            self._findings.evaluation_ended(call_id, outputs, score)
            self._progress.evaluation_ended(call.step, call.program, score, exception)

    def module_started(self, call_id: str, module: Any) -> None:
        """A program is called."""
        self._findings.module_started(call_id, self._active_call())
        around = self._calls.get(self._active_call())
        if around is None or call_id in self._students:
            return
        if isinstance(around, Compilation) and not self._is_at_work(around):
            return
        if around.is_student(module):
            if around.examples.has_this_one():
                self._students[call_id] = around
                self._proposing = False
                self._progress.report_plan()
        elif isinstance(around, Compilation) and self._progress.proposes and not metric_runs(around.thread):
            self._proposers.add(call_id)
            if not self._proposing:
                self._proposing = True
                self._progress.instructions_requested()

    def module_ended(self, call_id: str, outputs: Any | None) -> None:
        """A program was called, with whatever success."""
        self._findings.module_ended(call_id)
        call = self._students.pop(call_id, None)
        if call is not None:
            self._progress.student_called(call.step)
            compilation = self._compilation
            if compilation is not None and compilation.stop is not None and self._tracker.cancel_requested:
                compilation.stop.request()
        elif call_id in self._proposers:
            self._proposers.discard(call_id)
            completions = getattr(outputs, "completions", None)
            if completions is not None:
                self._progress.instructions_proposed(len(completions))

    def model_called(self, call_id: str, lm: Any) -> None:
        """A language model is called."""
        self._findings.model_called(call_id, lm, self._active_call())

    def model_answered(self, call_id: str, outputs: Any | None, exception: BaseException | None) -> None:
        """A language model was called, with whatever success."""
        self._findings.model_answered(call_id, outputs, exception)

    def follow_without_fraction(self, error: Exception) -> None:
        """A call of DSPy's could not be understood. What can be is still reported, but no fraction. Raises nothing."""
        with suppress(Exception):
            self._lose_fraction(
                f"{callback_support.version()} does not work as expected ({wording.exception(error)}):"
                " this block is followed without a fraction from here on."
            )

    def _lose_fraction(self, reason: str) -> None:
        """Report no fraction any more, and warn of it once."""
        self._has_fraction = False
        self._progress.fraction_lost()
        if not self._has_warned:
            self._has_warned = True
            self._progress.warn(reason)

    def close(self) -> bool:
        """The block has ended. Returns whether an optimiser is still at work."""
        compilation, self._compilation = self._compilation, None
        if compilation is not None:
            compilation.close()
        return compilation is not None

    def _compilation_started(self, call_id: str, optimizer: Any, inputs: dict[str, Any]) -> None:
        self.saw_work = self.saw_work or self._follows_optimizer
        if not self._waits_for_optimizer:
            self._progress.optimizer_ignored(type(optimizer).__name__)
            return
        self._waits_for_optimizer = False
        compilation = Compilation(call_id, optimizer, inputs)
        self._compilation = self._calls[call_id] = compilation
        self._progress.optimizer_started(compilation.name, compilation.inputs)
        self._findings.optimizer_started(compilation)
        if self._active is None:
            self._lose_fraction(
                f"{callback_support.version()} does not tell which of its calls belong together:"
                f" {compilation.name} is followed without a fraction."
            )
        elif not callbacks_are_visible():
            self._lose_fraction(
                f"{callback_support.version()} calls its callbacks in a way that is not known:"
                f" {compilation.name} is followed without a fraction."
            )
        if compilation.procedure is None or self._active is None:
            self._progress.report_plan()

    def _compilation_ended(self, compilation: Compilation, program: Any, exception: BaseException | None) -> None:
        self._compilation = None
        if exception is not None:
            self._findings.optimizer_ended(compilation, None)
            compilation.close()
            self._waits_for_optimizer = self._follows_optimizer  # it may be tried again
            self._progress.optimizer_failed(exception)
            return
        if isinstance(compilation.step, Search):
            self._search_ended(compilation.step)
        self._findings.optimizer_ended(compilation, program)
        try:
            final = compilation.final_score(program)
        except Exception:  # noqa: BLE001 - another version of DSPy
            final = None
        self._progress.report_plan()
        self._progress.optimizer_finished(final, stopped=compilation.close())

    def _search_ended(self, search: Search) -> None:
        try:
            self._progress.search_ended(search)
        except Exception as error:  # noqa: BLE001 - another version of DSPy
            self.follow_without_fraction(error)

    def _is_at_work(self, compilation: Compilation, *, searches: bool | None = None) -> bool:
        """Whether DSPy's own procedure runs in an optimiser's `compile`. As it starts, its plan is read from it.

        With `searches`: whether it also uses such a search as a step.
        """
        frame = compilation.procedure_at_work()
        if frame is None or compilation.procedure is None:
            self._progress.report_plan()
            return False
        with self._lock:
            if frame is not compilation.running:
                compilation.running = frame
                self._procedure_started(compilation, compilation.procedure, frame)
        return searches is None or (searches and compilation.procedure.searches)

    def _procedure_started(self, compilation: Compilation, procedure: optimizers.Procedure, frame: FrameType) -> None:
        optimizer, values = compilation.optimizer, variables_of(frame)
        expectation: Expectation | None = None
        try:
            optimizers.check_private_names(procedure, frame)
            expectation = Continuation() if optimizers.continues(optimizer) else procedure.expect(optimizer, values)
            compilation.step = procedure.own_search(optimizer, values)
        except Exception as error:  # noqa: BLE001 - another version of DSPy
            self._lose_fraction(
                f"What {compilation.name} is going to do cannot be read from {callback_support.version()}"
                f" ({wording.exception(error)}): it is followed without a fraction."
            )
        if not self._has_fraction:
            expectation = None
        self._progress.procedure_started(values, expectation)
        compilation.is_student = procedure.student_test(optimizer)
        if procedure.name == "GEPA" and getattr(optimizer, "log_dir", None) and compilation.stop is None:
            compilation.stop = GepaStop(optimizer.log_dir)
        if procedure.name == "SIMBA" and compilation.simba_log is None:
            compilation.simba_log = SimbaLog(
                self._active_call, self._active_call(), self._progress.batch_scored, self._simba_scored
            )
            compilation.simba_log.listen()
        if compilation.step is not None:
            self._progress.step_started(compilation.step)

    def _simba_scored(self, is_final: bool) -> None:
        compilation = self._compilation
        if compilation is not None:
            read = simba_scores.final_scores if is_final else simba_scores.scores_of_batch
            self._findings.simba_scored(compilation, read)

    def _begin(self, call_id: str, call: FollowedCall) -> None:
        self._calls[call_id] = call
        if call.step is not None:
            self._proposing = False
            self._progress.step_started(call.step)

    def _active_call(self) -> Any:
        return None if self._active is None else self._active.get()
