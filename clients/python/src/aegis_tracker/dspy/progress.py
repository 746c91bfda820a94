"""The fraction of a phase that one optimisation has done, told to the tracker with what people want to read."""

import threading
from typing import Any, Protocol

from aegis_tracker.dspy import wording
from aegis_tracker.dspy.expectations import Expectation
from aegis_tracker.dspy.steps import Evaluation, Search, Step
from aegis_tracker.dspy.work import Work

LEAST_GROWTH = 0.001
"""The least growth of a fraction that is told; phases are at most 35 % of a run."""


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

    def __init__(self, tracker: Reports, phase: str, part: tuple[float, float], metric: str) -> None:
        self._tracker, self._phase, self._part, self._metric = tracker, phase, part, metric
        self._lock = threading.RLock()  # a signal handler may report while a hook is at work
        self._work = Work()
        self._name = ""  # of the optimiser
        self._plan = ""  # what it is going to do, until that is told
        self._evaluations = 0
        self._best: float | None = None
        self._fraction = 0.0
        self._told = -1.0

    @property
    def proposes(self) -> bool:
        """Whether the optimiser asks a model for instructions between its steps."""
        expectation = self._work.expectation
        return expectation is not None and expectation.proposes

    def begins(self, name: str, inputs: dict[str, Any], expectation: Expectation | None) -> None:
        """An optimiser begins. How much it has to do is told before its first call, when it knows its budget."""
        with self._lock:
            self._name, self._work.expectation = name, expectation
            self._plan = f"{name}{wording.sizes(inputs)}"
            if expectation is None:
                self._tell_plan()

    def not_understood(self, name: str, error: Exception) -> None:
        """An optimiser's settings could not be read."""
        self._log("WARNING", f"The settings of {name} could not be read: {wording.exception(error)}")

    def passes_over(self, name: str) -> None:
        """Another optimiser begins in a block that follows one, or none."""
        self._log("WARNING", f"{name} is not followed: a `track` block follows one optimiser")

    def expects(self, expectation: Expectation) -> None:
        """No optimiser, but so many calls in evaluations."""
        with self._lock:
            self._work.expectation = expectation
            self._advance()

    def step_begins(self, step: Step) -> None:
        """The optimiser begins a step."""
        with self._lock:
            self._work.begin(step)
            self._tell_plan()
            self._advance()

    def model_begins(self) -> None:
        """A model is about to be called, by a student or a proposer."""
        if self._plan:
            with self._lock:
                self._tell_plan()

    def student_done(self, step: Step | None) -> None:
        """A student was called, in a step or in none."""
        with self._lock:
            if self._work.call_done(step):
                self._advance(self._newly_found(step))

    def search_ends(self, search: Search) -> None:
        """A search for demonstrations is over."""
        with self._lock:
            self._work.end_search(search)
            if search.done:
                found = wording.count(search.found, "demonstration")
                self._advance(f"{found} found in {wording.count(search.done, 'call')}")

    def evaluation_ends(self, evaluation: Evaluation, program: Any, score: float | None, error: object) -> None:
        """A program got this score (the mean of the metric), or none because of an error.

        Also for an evaluation that did not begin as a step: its score stands beside.
        """
        with self._lock:
            is_step = self._work.end_evaluation(evaluation, completed=score is not None)
            title = self._title(evaluation) if is_step and self._name else f"Evaluation{_on(evaluation)}"
            if score is None:
                self._log("WARNING", f"{title} failed: {wording.exception(error)}")
            else:
                self._tell_score(title, evaluation, score, wording.program(program), counts=is_step)
            if is_step:
                self._advance()

    def batch_scored(self, number: int, score: float) -> None:
        """The best candidate of a batch got this score on the batch."""
        self._log("INFO", f"Batch {number}: {self._metric} {score:.3f}", {f"{self._metric}_minibatch": score})

    def proposing(self) -> None:
        """The optimiser asks a model for instructions."""
        self.model_begins()
        self._log("INFO", f"{self._name} is having instructions written")

    def proposed(self, candidates: int) -> None:
        """A model has proposed so many instructions."""
        with self._lock:
            if self._work.expectation is not None:
                self._work.expectation.proposed(candidates)

    def ends(self, best: float | None, *, stopped: bool) -> None:
        """The optimiser is done, or was `stopped` and returned what it had.

        `best` is the score of its program where no evaluation told it.
        """
        with self._lock:
            metrics = {self._metric: best} if best is not None and self._best is None else None
            score = self._best if best is None else best
            how = "was asked to stop and keeps its best program," if stopped else "is done"
            message = f"{self._name} {how}{self._after()}"
            if score is not None:
                message += f": {self._metric} {score:.3f}"
            self._fraction = 1.0
            self._advance(message, metrics)

    def breaks(self, error: object) -> None:
        """The optimiser ended with an exception."""
        level = "ERROR" if isinstance(error, Exception) else "WARNING"  # Ctrl-C is no error
        self._log(level, f"{self._name} ended{self._after()} with {wording.exception(error)}")

    def all_done(self) -> None:
        """The evaluations that were announced are over."""
        with self._lock:
            self._fraction = 1.0
            self._advance()

    def _tell_plan(self) -> None:
        """Say once what the optimiser is going to do."""
        if not self._plan:
            return
        plan, self._plan = self._plan, ""
        rest, expectation = self._work.rest(), self._work.expectation
        if rest is None or expectation is None:
            self._advance(f"{plan}: how far it is cannot be known")
        else:
            about = "" if expectation.is_exact else "about "
            self._advance(f"{plan}: {about}{wording.count(round(rest), 'student call')}")

    def _tell_score(self, title: str, evaluation: Evaluation, score: float, program: str, *, counts: bool) -> None:
        """The best so far is the run's metric, any other score that of its log entry."""
        message = f"{title}: {self._metric} {score:.3f}"
        expectation = self._work.expectation
        if not counts or not self._name:
            self._log("INFO", f"{message}{program}", {self._metric: score})
        elif expectation is not None and evaluation.size < (expectation.full_size or 0):
            self._log("INFO", f"{message}{program}", {f"{self._metric}_minibatch": score})
        elif self._best is not None and score <= self._best:
            self._log("INFO", f"{message}, best so far {self._best:.3f}{program}", {self._metric: score})
        else:
            self._best = score
            self._advance(f"{message}, the best so far{program}", {self._metric: score})

    def _title(self, evaluation: Evaluation) -> str:
        self._evaluations += 1
        expectation = self._work.expectation
        in_all = expectation.evaluations if expectation is not None else None
        title = f"Evaluation {self._evaluations}"
        if in_all is not None:
            title += f" of {max(in_all, self._evaluations)}"
        is_full = expectation is not None and evaluation.size == expectation.full_size
        return title if is_full else f"{title},{_on(evaluation)}"

    def _newly_found(self, step: Step | None) -> str:
        """A demonstration to tell of, where the search for them is all that the optimiser does."""
        expectation = self._work.expectation
        if not isinstance(step, Search) or expectation is None or expectation.evaluations != 0:
            return ""
        before, step.seen = step.seen, step.found
        if step.seen == before:
            return ""
        return f"Demonstration {step.seen} of at most {step.wanted:.0f} found, in {wording.count(step.done, 'call')}"

    def _after(self) -> str:
        """How much was done, where that is known."""
        return f" after {wording.count(self._work.done, 'student call')}" if self._work.expectation is not None else ""

    def _advance(self, message: str = "", metrics: dict[str, Any] | None = None) -> None:
        """Tell the fraction when it has grown or there is something to say."""
        share = self._work.share_done()
        if share is None:
            if message:
                self._log("INFO", message, metrics)
            return
        self._fraction = max(self._fraction, share)
        if message or self._fraction >= self._told + LEAST_GROWTH or self._told < self._fraction == 1.0:
            self._told = self._fraction
            begin, end = self._part
            overall = end if self._fraction == 1.0 else begin + self._fraction * (end - begin)
            self._tracker.update_progress(overall, message, metrics)

    def _log(self, level: str, message: str, metrics: dict[str, Any] | None = None) -> None:
        self._tracker.log(level, message, step=self._phase, metrics=metrics)


def _on(evaluation: Evaluation) -> str:
    return f" on {wording.count(evaluation.size, 'example')}"
