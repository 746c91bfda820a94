"""The share of a phase's work that is done: counted, never timed."""

import threading
from collections.abc import Callable


class Work:
    """Counts units of work, in named parts whose totals are known before the work starts.

    A unit is one thing that costs a model call (a sample evaluated, a demonstration sought, an instruction
    proposed). A part that ends early is settled: what it did not need counts as done. `fraction` never goes
    back and is 1.0 once every part is settled. `on_change` is called with each new fraction, in order; safe
    to use from several threads.
    """

    def __init__(self, totals: dict[str, int], on_change: Callable[[float], None]) -> None:
        self._totals = totals
        self._done = dict.fromkeys(totals, 0)
        self._on_change = on_change
        self._lock = threading.Lock()

    @property
    def fraction(self) -> float:
        """Units done by units in all, 0.0 to 1.0."""
        return sum(self._done.values()) / max(1, sum(self._totals.values()))

    def advance(self, part: str) -> None:
        """One more unit of a part is done; more than its total are not counted."""
        with self._lock:
            self._set(part, self._done[part] + 1)

    def reach(self, part: str, units: int) -> None:
        """So many units of a part are done; fewer than before change nothing."""
        with self._lock:
            self._set(part, units)

    def settle(self, part: str) -> None:
        """The part is over."""
        with self._lock:
            self._set(part, self._totals[part])

    def settle_all(self) -> None:
        """The phase is over."""
        for part in self._totals:
            self.settle(part)

    def _set(self, part: str, units: int) -> None:
        done = min(units, self._totals[part])
        if done > self._done[part]:
            self._done[part] = done
            self._on_change(self.fraction)
