"""What every optimiser here offers."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import dspy

from domain_training.metric import Metric
from domain_training.report import Report
from domain_training.tasks import Task

DEMONSTRATION_MIN_F1 = 0.8
"""An answer of the model at least this good may become a demonstration."""


@dataclass(frozen=True)
class Run:
    """What an optimiser works with. Its `compile` goes into `followed()`, which says how far it is."""

    report: Report
    metric: Metric
    followed: Callable[[], AbstractContextManager[None]]
    threads: int
    seed: int


class Optimizer(ABC):
    """One of DSPy's optimisers with settings for data sets of about a hundred samples."""

    def __init__(self, task: Task) -> None:
        self.task = task

    @property
    @abstractmethod
    def student_calls(self) -> int:
        """About how many samples the program will be called on."""

    @abstractmethod
    def optimize(self, run: Run) -> dspy.Predict:
        """An optimised copy of the task's program."""
