"""How much of an optimisation's work is done: the accounts, without a word to anybody.

Not safe for threads by itself.
"""

from aegis_tracker.dspy.expectations import Expectation, Standing
from aegis_tracker.dspy.steps import Evaluation, Search, Step


class Work:
    """Student calls done, in the steps that run and in those that are over, and what is expected from now on.

    A block may have several attempts, of which all but the last one failed: their calls are work as well. What was
    done while the total was not known is not.
    """

    def __init__(self) -> None:
        self.expectation: Expectation | None = None  # None: how much there will be is not known
        self.done = 0
        self._earlier = 0  # of `done`, what earlier attempts did
        self._running: dict[int, Step] = {}
        self._evaluated = 0  # examples, in evaluations that did not fail
        self._has_failed = False  # one of the evaluations
        self._tried = self._found = 0  # by searches that are over

    def attempt_started(self, expectation: Expectation | None) -> None:
        """An optimisation starts, or starts again."""
        if self.expectation is None:
            self.done = self._earlier
        self.expectation = expectation
        self._earlier = self.done
        self._running.clear()
        self._tried = self._found = 0

    def expectation_lost(self) -> None:
        """How much is still to come is not known any more."""
        self.expectation = None

    def begin(self, step: Step) -> None:
        """A step starts."""
        self._running[id(step)] = step
        if self.expectation is not None:
            self.expectation.step_started(step)

    def call_done(self, step: Step | None) -> bool:
        """A student was called, in a step or in none; whether it counts.

        It does not when it comes late, from a step that is over, or is an example's second call.
        """
        if step is not None:
            if id(step) not in self._running or (isinstance(step, Evaluation) and step.done >= step.size):
                return False
            step.done += 1
        self.done += 1
        return True

    def end_search(self, search: Search) -> None:
        """A search is over: what it did not need is not expected any more."""
        if self._running.pop(id(search), None) is not None:
            self._tried += search.done
            self._found += search.found

    def end_evaluation(self, evaluation: Evaluation, *, completed: bool) -> bool:
        """An evaluation is over; whether it was one of the steps. Of a program that is no module no call is seen."""
        if self._running.pop(id(evaluation), None) is None:
            return False
        if completed:
            self.done += evaluation.size - evaluation.done
            self._evaluated += evaluation.size
        else:
            self._has_failed = True
        return True

    def all_evaluated(self, announced: int) -> bool:
        """Whether evaluations of so many examples in all are over: some were, and what failed was done again."""
        if self._running or not self._evaluated:
            return False
        return self._evaluated >= announced or not self._has_failed

    def rest(self) -> float | None:
        """Student calls expected from now on; None when that cannot be known."""
        if self.expectation is None:
            return None
        running = list(self._running.values())
        searches = [step for step in running if isinstance(step, Search)]
        tried = self._tried + sum(search.done for search in searches)
        found = self._found + sum(search.found for search in searches)
        rate = (found + 1) / (tried + 2)  # the rule of succession: one of two before anything was tried
        of_the_running = sum(step.rest(rate) for step in running)
        return self.expectation.rest(Standing(self.done - self._earlier, of_the_running, rate))

    def share_done(self) -> float | None:
        """Calls done by calls in all, 0.0 to 1.0; None when that cannot be known. It may go back."""
        rest = self.rest()
        if rest is None:
            return None
        in_all = self.done + rest
        return self.done / in_all if in_all > 0 else 0.0
