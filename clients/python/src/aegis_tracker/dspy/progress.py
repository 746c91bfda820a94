"""The fraction of a phase that one optimisation has done, told to the tracker with what people want to read."""

import threading
from typing import Any, Protocol

from aegis_tracker.dspy import wording
from aegis_tracker.dspy.expectations import Expectation, Standing
from aegis_tracker.dspy.steps import Evaluation, Search, Step

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
        self._name = ""
        self._sizes = ""
        self._expectation: Expectation | None = None
        self._announced = True
        self._running: dict[int, Step] = {}
        self._done = 0
        self._tried = self._found = 0  # by searches that are over
        self._evaluations = 0
        self._best: float | None = None
        self._fraction = 0.0
        self._told = -1.0

    @property
    def proposes(self) -> bool:
        """Whether the optimiser asks a model for instructions between its steps."""
        return self._expectation is not None and self._expectation.proposes

    def begins(self, name: str, inputs: dict[str, Any], expectation: Expectation | None) -> None:
        """An optimiser begins. Its work is told with the first step, when it knows its budget."""
        with self._lock:
            self._name, self._sizes, self._expectation = name, wording.sizes(inputs), expectation
            self._announced = False
            if expectation is None:
                self._announce()

    def not_understood(self, name: str, error: Exception) -> None:
        """An optimiser's settings could not be read."""
        self._log("WARNING", f"The settings of {name} could not be read: {wording.exception(error)}")

    def expects(self, expectation: Expectation) -> None:
        """No optimiser, but so many calls in evaluations."""
        with self._lock:
            self._expectation = expectation
            self._advance()

    def step_begins(self, step: Step) -> None:
        """The optimiser begins a step."""
        with self._lock:
            self._running[id(step)] = step
            if self._expectation is not None:
                self._expectation.step_begins(step)
            self._announce()
            self._advance()

    def model_begins(self) -> None:
        """A model is about to be called, by a student or a proposer."""
        if not self._announced:
            with self._lock:
                self._announce()

    def student_done(self, step: Step | None) -> None:
        """A student was called, in a step or in none. What comes late, from a step that is over, counts no more."""
        with self._lock:
            if step is not None:
                if id(step) not in self._running or (isinstance(step, Evaluation) and step.done >= step.size):
                    return
                step.done += 1
            self._done += 1
            self._advance(self._newly_found(step))

    def search_ends(self, search: Search) -> None:
        """What it did not need is settled: it is not expected any more."""
        with self._lock:
            found = search.found
            del self._running[id(search)]
            self._tried += search.done
            self._found += found
            if search.done:
                self._advance(f"{wording.count(found, 'demonstration')} found in {wording.count(search.done, 'call')}")

    def evaluation_ends(self, evaluation: Evaluation, program: Any, score: float | None, error: object) -> None:
        """A program got this score (the mean of the metric), or none because of an error.

        Also for an evaluation that did not begin as a step of the optimiser: its score stands beside.
        """
        with self._lock:
            is_step = self._running.pop(id(evaluation), None) is not None
            if is_step and score is not None:
                self._done += evaluation.size - evaluation.done  # of a program that is no module no call is seen
            if is_step and self._name:
                self._evaluations += 1
                title = self._title(evaluation)
            else:
                title = f"Evaluation on {wording.count(evaluation.size, 'example')}"
            if score is None:
                self._log("WARNING", f"{title} failed: {wording.exception(error)}")
            elif is_step and self._name:
                self._tell_score(title, evaluation, score, wording.program(program))
            else:
                message = f"{title}: {self._metric} {score:.3f}{wording.program(program)}"
                self._log("INFO", message, {self._metric: score})
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
            if self._expectation is not None:
                self._expectation.proposed(candidates)

    def ends(self, best: float | None, *, stopped: bool) -> None:
        """The optimiser is done, or was `stopped` and returned what it had.

        `best` is the score of its program where no evaluation told it.
        """
        with self._lock:
            metrics = {self._metric: best} if best is not None and self._best is None else None
            score = self._best if best is None else best
            how = "was asked to stop and keeps its best program," if stopped else "is done"
            message = f"{self._name} {how} after {wording.count(self._done, 'student call')}"
            if score is not None:
                message += f": {self._metric} {score:.3f}"
            if self._expectation is None:
                self._log("INFO", message, metrics)
                return
            self._fraction = 1.0
            self._advance(message, metrics)

    def breaks(self, error: object) -> None:
        """The optimiser ended with an exception."""
        calls = wording.count(self._done, "student call")
        self._log("ERROR", f"{self._name} ended after {calls} with {wording.exception(error)}")

    def passes_over(self, name: str) -> None:
        """Another optimiser begins in a block that follows one, or none."""
        self._log("WARNING", f"{name} is not followed: a `track` block follows one optimiser")

    def all_done(self) -> None:
        """The evaluations that were announced are over."""
        with self._lock:
            self._fraction = 1.0
            self._advance()

    def _tell_score(self, title: str, evaluation: Evaluation, score: float, program: str) -> None:
        """The best so far is the run's metric, any other score that of its log entry."""
        full_size = self._expectation.full_size if self._expectation is not None else None
        if full_size is not None and evaluation.size < full_size:
            self._log("INFO", f"{title}: {self._metric} {score:.3f}{program}", {f"{self._metric}_minibatch": score})
        elif self._best is not None and score <= self._best:
            verdict = f"best so far {self._best:.3f}"
            self._log("INFO", f"{title}: {self._metric} {score:.3f}, {verdict}{program}", {self._metric: score})
        else:
            self._best = score
            self._advance(f"{title}: {self._metric} {score:.3f}, the best so far{program}", {self._metric: score})

    def _newly_found(self, step: Step | None) -> str:
        """A demonstration to tell of, where the search for them is all that the optimiser does."""
        if not isinstance(step, Search) or self._expectation is None or self._expectation.evaluations != 0:
            return ""
        before, step.seen = step.seen, step.found
        if step.seen == before:
            return ""
        return f"Demonstration {step.seen} of at most {step.wanted:.0f} found, in {wording.count(step.done, 'call')}"

    def _title(self, evaluation: Evaluation) -> str:
        expectation = self._expectation
        title = f"Evaluation {self._evaluations}"
        if expectation is not None and expectation.evaluations is not None:
            title += f" of {max(expectation.evaluations, self._evaluations)}"
        if expectation is None or expectation.full_size is None or evaluation.size < expectation.full_size:
            title += f", on {wording.count(evaluation.size, 'example')}"
        return title

    def _announce(self) -> None:
        """Say once what the optimiser is going to do."""
        if self._announced:
            return
        self._announced = True
        rest = self._rest()
        what = "how far it is cannot be known"
        if rest is not None and self._expectation is not None:
            what = f"{'' if self._expectation.is_exact else 'about '}{wording.count(round(rest), 'student call')}"
        self._advance(f"{self._name}{self._sizes}: {what}")

    def _rest(self) -> float | None:
        if self._expectation is None:
            return None
        running = list(self._running.values())
        searches = [step for step in running if isinstance(step, Search)]
        tried = self._tried + sum(search.done for search in searches)
        found = self._found + sum(search.found for search in searches)
        rate = (found + 1) / (tried + 2)  # the rule of succession: one of two before anything was tried
        standing = Standing(self._done, sum(step.rest(rate) for step in running), rate)
        return self._expectation.rest(standing)

    def _advance(self, message: str = "", metrics: dict[str, Any] | None = None) -> None:
        """Tell the fraction when it has grown or there is something to say."""
        rest = self._rest()
        if rest is None:
            if message:
                self._log("INFO", message, metrics)
            return
        in_all = self._done + rest
        if in_all > 0:
            self._fraction = max(self._fraction, min(1.0, self._done / in_all))
        if message or metrics or self._fraction >= self._told + LEAST_GROWTH or self._told < self._fraction == 1.0:
            self._told = self._fraction
            begin, end = self._part
            overall = end if self._fraction == 1.0 else begin + self._fraction * (end - begin)
            self._tracker.update_progress(overall, message, metrics)

    def _log(self, level: str, message: str, metrics: dict[str, Any] | None = None) -> None:
        self._tracker.log(level, message, step=self._phase, metrics=metrics)
