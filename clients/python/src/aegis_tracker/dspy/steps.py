"""The steps that an optimisation is made of, and the student calls each still needs.

A student call is one call of the program that is optimised (or of its teacher) on one example.
"""

from dataclasses import dataclass
from typing import Any


@dataclass
class Evaluation:
    """A program on `size` examples, one call each.

    `is_whole` tells whether they are all by which an optimiser judges; None outside of one.
    """

    size: int
    done: int = 0
    is_whole: bool | None = None

    def rest(self, success_rate: float) -> float:
        """Calls still to come."""
        return max(0, self.size - self.done)


@dataclass
class Search:
    """A search for demonstrations among training examples, as BootstrapFewShot does it.

    It ends when `wanted` are found, or after `most` calls when there are not that many. Nobody can know
    when that will be; `rest` is what the share of successes so far lets expect.
    """

    wanted: float
    most: int
    done: int = 0
    told: int = 0  # demonstrations that were reported
    optimizer: Any = None

    @property
    def found(self) -> int:
        """Demonstrations that the optimiser has found so far. Raises AttributeError if it does not keep them."""
        if not self.done:
            return 0  # an optimiser that is used again still has what it found the last time
        traces = self.optimizer.name2traces
        return max((len(of_one_predictor) for of_one_predictor in traces.values()), default=0)

    def rest(self, success_rate: float) -> float:
        """Calls still to come, at this share of successes."""
        missing = max(0.0, self.wanted - self.found)
        return max(0.0, min(self.most - self.done, missing / success_rate))


Step = Evaluation | Search
