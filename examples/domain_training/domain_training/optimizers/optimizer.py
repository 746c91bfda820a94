"""What every optimiser here offers."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import dspy

from domain_training.metric import Metric
from domain_training.report import Report
from domain_training.tasks import Task
from domain_training.work import Work

DEMONSTRATION_MIN_F1 = 0.8
"""An answer of the model at least this good may become a demonstration."""


@dataclass(frozen=True)
class Run:
    """What an optimiser works with: the report to speak to, the work to count, and how to make a metric that
    tells each of its evaluations to `on_measured(while_bootstrapping, f1)`."""

    report: Report
    work: Work
    make_metric: Callable[[Callable[[bool, float], None]], Metric]
    threads: int
    seed: int


class Optimizer(ABC):
    """One of DSPy's optimisers with settings for data sets of about a hundred samples."""

    def __init__(self, task: Task) -> None:
        self.task = task

    @abstractmethod
    def work_totals(self) -> dict[str, int]:
        """The units of work by part, as the optimiser's own settings give them."""

    @abstractmethod
    def optimize(self, run: Run) -> dspy.Predict:
        """An optimised copy of the task's program; counts the work while it is done."""


class DemonstrationSearch:
    """Counts the search for demonstrations: it ends when enough are found, or when all samples were tried."""

    def __init__(self, part: str, *, wanted: int, attempts_max: int, run: Run) -> None:
        self._part, self._wanted, self._attempts_max, self._run = part, wanted, attempts_max, run
        self._attempts = self.found = 0

    def tried(self, f1: float) -> None:
        """A sample was tried."""
        self._attempts += 1
        self.found += f1 >= DEMONSTRATION_MIN_F1
        done = max(self.found, self._wanted * self._attempts // self._attempts_max)
        self._run.work.reach(self._part, done)

    def end(self) -> None:
        """The search is over; the first call of this says what came out of it."""
        if self._attempts:
            self._run.work.settle(self._part)
            self._run.report.progress(
                self._run.work.fraction, f"{self.found} demonstrations found among {self._attempts} answers"
            )
            self._attempts = 0


class BestSoFar:
    """Reports each score, and as the run's metric the best one so far."""

    def __init__(self, run: Run, metric_name: str) -> None:
        self._run, self._metric_name = run, metric_name
        self._best = 0.0

    def report(self, f1: float, what: str) -> None:
        """`what` got this F1 on the development samples."""
        f1 = round(f1, 4)
        better = f1 > self._best
        self._best = max(f1, self._best)
        verdict = "the best so far" if better else f"best so far {self._best:.3f}"
        self._run.report.progress(
            self._run.work.fraction, f"{what}: F1 {f1:.3f}, {verdict}", {self._metric_name: self._best}
        )
