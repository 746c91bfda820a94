"""Reports to the tracker which fraction of a phase an optimisation has done, with messages for people."""

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.dspy import wording
from aegis_tracker.dspy.expectations import Calls, Expectation
from aegis_tracker.dspy.scores import Score, Scores, Told
from aegis_tracker.dspy.steps import Evaluation, Search, Step
from aegis_tracker.dspy.work_done import Work

LEAST_GROWTH = 0.001
"""The least growth of a fraction that is told; phases are at most 35 % of a run."""
MOST_BEFORE_THE_END = 0.999
"""Only an optimiser that has returned is done: what is known of its work may not be all of it."""


class Reports(Protocol):
    """What is needed of a tracker. No call may raise or take long."""

    @property
    def cancel_requested(self) -> bool: ...

    def enter_phase(self, phase: str, message: str = "") -> None: ...

    def update_progress(self, fraction: float, message: str = "", metrics: dict[str, Any] | None = None) -> None: ...

    def log(
        self, level: str | int, message: str, step: str | None = None, metrics: dict[str, Any] | None = None
    ) -> None: ...


class Progress:
    """Student calls done by student calls in all, within `part` of the phase; never going back, in order.

    Safe to use from all of an optimiser's threads. Nothing here waits but for the tracker's append to its spool.
    """

    def __init__(
        self, tracker: Reports, phase: str, part: tuple[float, float], metric: str, *, tells_instructions: bool = True
    ) -> None:
        self._tracker, self._phase, self._part = tracker, phase, part
        self._tells_instructions = tells_instructions
        self._lock = threading.RLock()  # a signal handler may report while a hook is at work
        self._diagnostics = Diagnostics()
        self._work = Work()
        self._scores = Scores(metric)
        self._name = ""  # of the optimiser
        self._plan = ""  # what it is going to do, until that is told
        self._evaluations = 0
        self._announced: int | None = None  # examples, of evaluations without an optimiser
        self._fraction = 0.0
        self._told = -1.0
        self._is_over = False

    @property
    def proposes(self) -> bool:
        """Whether the optimiser asks a model for instructions between its steps."""
        expectation = self._work.expectation
        return expectation is not None and expectation.proposes

    def optimizer_started(self, name: str, inputs: Mapping[str, Any]) -> None:
        """An optimiser starts; what it is going to do is not known yet."""
        with self._lock:
            self._name = name
            self.procedure_started(inputs, None)

    def procedure_started(self, values: Mapping[str, Any], expectation: Expectation | None) -> None:
        """The optimiser starts to do what is expected. How much that is, is told before its first call."""
        with self._lock:
            self._work.attempt_started(expectation)
            self._scores.attempt_started(
                has_comparable_scores=expectation is not None and expectation.has_comparable_scores
            )
            self._evaluations = 0
            self._plan = f"{self._name}{wording.sizes(values)}"

    def evaluations_announced(self, examples: int) -> None:
        """No optimiser runs, but evaluations of so many examples in all."""
        with self._lock:
            self._work.expectation = Calls(examples)
            self._announced = examples
            self._advance()

    def report_plan(self) -> None:
        """Say once what the optimiser is going to do, as far as that is known by now."""
        if not self._plan:
            return
        with self._lock:
            plan, self._plan = self._plan, ""
            rest, expectation = self._work.rest(), self._work.expectation
            if not plan:
                return  # another thread was faster
            if rest is None or expectation is None:
                self._advance(f"{plan}: its progress is not known")
            else:
                about = "" if expectation.is_exact else "about "
                self._advance(f"{plan}: {about}{wording.count(round(rest), 'student call')}")

    def optimizer_ignored(self, name: str) -> None:
        """Another optimiser starts in a block that follows one, or none."""
        self._log("WARNING", f"{name} is not followed, because a `track` block follows one optimiser")

    def warn(self, sentence: str) -> None:
        """Warn once, in the run's log and in the training's process."""
        self._log("WARNING", sentence)
        self._diagnostics.once(sentence, sentence)

    def fraction_lost(self) -> None:
        """How much of the work is done cannot be known from here on. Messages and scores go on."""
        with self._lock:
            self._work.expectation_lost()

    def step_started(self, step: Step) -> None:
        """The optimiser starts a step."""
        with self._lock:
            self._work.begin(step)
            self.report_plan()
            self._advance()

    def student_called(self, step: Step | None) -> None:
        """A student was called, in a step or in none."""
        with self._lock:
            if self._work.call_done(step):
                self._advance(self._newly_found(step))

    def search_ended(self, search: Search) -> None:
        """A search for demonstrations is over."""
        with self._lock:
            self._work.end_search(search)
            if search.done:
                found = wording.count(search.found, "demonstration")
                self._advance(f"{found} found in {wording.count(search.done, 'call')}")

    def evaluation_ended(self, evaluation: Evaluation, program: Any, score: Score | None, error: object) -> None:
        """A program got this score, or none: because of an error, or as its answers were not scored.

        Also for an evaluation that did not begin as a step: its score stands beside.
        """
        with self._lock:
            is_step = self._work.end_evaluation(evaluation, completed=error is None)
            of_the_optimizer = is_step and self._name != ""
            title = self._title(evaluation) if of_the_optimizer else f"Evaluation{_on(evaluation)}"
            if error is not None:
                self._log("WARNING", f"{title} failed: {wording.exception(error)}")
            elif score is not None:
                described = wording.program(program, tells_instructions=self._tells_instructions)
                self._tell(self._scores.tell(title, evaluation, score, described, is_step=of_the_optimizer))
            if is_step:
                self._advance()

    def batch_scored(self, number: int, score: float) -> None:
        """The best candidate of a batch got this score on the batch."""
        self._tell(self._scores.tell_of_batch(number, score))

    def instructions_requested(self) -> None:
        """The optimiser asks a model for instructions."""
        self.report_plan()
        self._log("INFO", f"{self._name} asks a model for instructions")

    def instructions_proposed(self, candidates: int) -> None:
        """A model has proposed so many instructions."""
        with self._lock:
            if self._work.expectation is not None:
                self._work.expectation.instructions_proposed(candidates)

    def optimizer_finished(self, final: float | None, *, stopped: bool) -> None:
        """The optimiser is done, or was `stopped` and returned what it had.

        `final` is the score of its program where no evaluation told it.
        """
        with self._lock:
            self._is_over = True
            how = "was asked to stop and returns its best program," if stopped else "is done"
            self._tell(self._scores.tell_of_end(f"{self._name} {how}{self._after()}", final))
            self._advance()

    def optimizer_failed(self, error: object) -> None:
        """The optimiser ended with an exception."""
        level = "ERROR" if isinstance(error, Exception) else "WARNING"  # Ctrl-C is no error
        self._log(level, f"{self._name} ended{self._after()} with {wording.exception(error)}")

    def evaluations_over(self) -> None:
        """No more evaluations come; the fraction stays where it is if one failed or there was none."""
        with self._lock:
            if self._announced is not None and self._work.all_evaluated(self._announced):
                self._is_over = True
                self._advance()

    def _title(self, evaluation: Evaluation) -> str:
        self._evaluations += 1
        expectation = self._work.expectation
        in_all = expectation.evaluations if expectation is not None else None
        title = f"Evaluation {self._evaluations}"
        if in_all is not None:
            title += f" of {max(in_all, self._evaluations)}"
        return title if expectation is not None and evaluation.is_whole else f"{title},{_on(evaluation)}"

    def _newly_found(self, step: Step | None) -> str:
        """A demonstration to tell of, where the search for them is all that the optimiser does."""
        expectation = self._work.expectation
        if not isinstance(step, Search) or expectation is None or expectation.evaluations != 0:
            return ""
        before, step.told = step.told, step.found
        if step.told == before:
            return ""
        return f"Demonstration {step.told} of at most {step.wanted:.0f} found, in {wording.count(step.done, 'call')}"

    def _after(self) -> str:
        """How much was done, where that is known. Calls of programs that are no modules, for instance, are not seen."""
        if self._work.expectation is None or self._work.done == 0:
            return ""
        return f" after {wording.count(self._work.done, 'student call')}"

    def _tell(self, told: Told) -> None:
        if told.of_the_run:
            self._advance(told.message, told.metrics)
        else:
            self._log(told.level, told.message, told.metrics)

    def _advance(self, message: str = "", metrics: dict[str, Any] | None = None) -> None:
        """Tell the fraction when it has grown or there is something to say."""
        share = self._work.share_done()
        if share is None and not (self._is_over and self._told >= 0):
            if message:
                self._log("INFO", message, metrics)
            return
        self._fraction = max(self._fraction, min(share or 0.0, MOST_BEFORE_THE_END))
        if self._is_over:
            self._fraction = 1.0
        if message or self._fraction >= self._told + LEAST_GROWTH or self._told < self._fraction == 1.0:
            self._told = self._fraction
            begin, end = self._part
            overall = end if self._fraction == 1.0 else begin + self._fraction * (end - begin)
            self._tracker.update_progress(overall, message, metrics)

    def _log(self, level: str, message: str, metrics: dict[str, Any] | None = None) -> None:
        self._tracker.log(level, message, step=self._phase, metrics=metrics)


def _on(evaluation: Evaluation) -> str:
    return f" on {wording.count(evaluation.size, 'example')}"
