"""How good an answer is: F1 over the things named in one sample."""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """What an answer has in common with the expected one, each thing counted once, in order of appearance."""

    found: tuple[Hashable, ...]
    missing: tuple[Hashable, ...]
    unexpected: tuple[Hashable, ...]

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 to 1. No answer where none is expected is right: 1."""
        wrong = len(self.missing) + len(self.unexpected)
        if not self.found and not wrong:
            return 1.0
        return 2 * len(self.found) / (2 * len(self.found) + wrong)


def compare(expected: Iterable[Hashable], answered: Iterable[Hashable]) -> Comparison:
    """Compare two answers as sets; letters must match exactly, since entities are quoted from the text."""
    wanted, given = dict.fromkeys(expected), dict.fromkeys(answered)
    return Comparison(
        found=tuple(item for item in wanted if item in given),
        missing=tuple(item for item in wanted if item not in given),
        unexpected=tuple(item for item in given if item not in wanted),
    )


def mean(values: Iterable[float]) -> float:
    """The mean; of nothing it is 0."""
    numbers = list(values)
    return math.fsum(numbers) / len(numbers) if numbers else 0.0
