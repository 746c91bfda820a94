"""What the score of an evaluation may be called.

The run's metric, and "the best so far", are finite scores on all the examples by which an optimiser judges that is
known to judge so. Any other is told as what it is, in a log entry.
"""

import math
from dataclasses import dataclass
from typing import Any

from aegis_tracker.dspy import wording
from aegis_tracker.dspy.steps import Evaluation
from aegis_tracker.number_text import number_texts


@dataclass(frozen=True)
class Score:
    """The mean of a metric; `failed` examples counted with the score that DSPy gives for a failure."""

    value: float
    failed: int = 0

    @property
    def is_finite(self) -> bool:
        """Whether it can be compared."""
        return math.isfinite(self.value)


@dataclass(frozen=True)
class Told:
    """A message, and the metrics that go with it: of the run, or of a log entry."""

    level: str
    message: str
    metrics: dict[str, Any] | None
    of_the_run: bool = False


class Scores:
    """Those of one block: of its attempts at an optimisation, or of evaluations without one."""

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._has_comparable_scores = False
        self._best: float | None = None  # of the block
        self._best_of_attempt: float | None = None

    def attempt_started(self, *, has_comparable_scores: bool) -> None:
        """An optimisation starts, or starts again; whether it takes the best of its evaluations on the whole set.

        What was the best of the block before stays so.
        """
        self._has_comparable_scores = has_comparable_scores
        self._best_of_attempt = None

    def tell(self, title: str, evaluation: Evaluation, score: Score, program: str, *, is_step: bool) -> Told:
        """What to say of a score; `is_step` where the evaluation is one of the optimiser's."""
        failures = f", {score.failed} of {wording.count(evaluation.size, 'example')} failed" if score.failed else ""
        if not score.is_finite:
            return Told("WARNING", f"{title}: {self._metric} is not a finite number ({score.value}){failures}", None)
        message = self._sentence(title, score.value, failures=failures)
        if evaluation.is_whole is False:
            return Told("INFO", f"{message}{program}", {f"{self._metric}_minibatch": score.value})
        metrics = {self._metric: score.value}
        if not is_step or not evaluation.is_whole or not self._has_comparable_scores:
            return Told("INFO", f"{message}{program}", metrics)
        self._best_of_attempt = _larger(self._best_of_attempt, score.value)
        if not self._is_best(score.value):
            return Told("INFO", f"{self._sentence(title, score.value, self._best, failures)}{program}", metrics)
        self._best = score.value
        return Told("INFO", f"{message}, the best so far{program}", metrics, of_the_run=True)

    def tell_of_batch(self, number: int, value: float) -> Told:
        """What to say of the best candidate of a batch, on the batch."""
        if not math.isfinite(value):
            return Told("WARNING", f"Batch {number}: {self._metric} is not a finite number ({value})", None)
        return Told("INFO", self._sentence(f"Batch {number}", value), {f"{self._metric}_minibatch": value})

    def tell_of_end(self, message: str, final: float | None) -> Told:
        """What to say of the end; `final` is the score of its program where no evaluation told it."""
        if final is not None and not math.isfinite(final):
            return Told("WARNING", f"{message}: {self._metric} is not a finite number ({final})", None)
        if final is None:
            best = self._best_of_attempt
            return Told("INFO", message if best is None else self._sentence(message, best), None, of_the_run=True)
        if self._is_best(final):
            self._best = final
            return Told("INFO", self._sentence(message, final), {self._metric: final}, of_the_run=True)
        return Told("INFO", self._sentence(message, final, self._best), {self._metric: final})

    def _sentence(self, title: str, score: float, best: float | None = None, failures: str = "") -> str:
        """`TITLE: METRIC 0.81, best so far 0.84`, with enough digits to tell the two apart."""
        shown, *best_shown = number_texts([score] if best is None else [score, best])
        return f"{title}: {self._metric} {shown}{failures}" + "".join(f", best so far {text}" for text in best_shown)

    def _is_best(self, score: float) -> bool:
        return self._best is None or score > self._best


def _larger(one: float | None, other: float) -> float:
    return other if one is None else max(one, other)
