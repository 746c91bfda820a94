"""How many student calls are still to come, by the way an optimiser goes about its work.

Each answers `rest(standing)`: the calls expected from now on, those of the running steps included. What an
optimiser left unused is no longer expected once the next step, or the optimisation, shows that it will not come.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from aegis_tracker.dspy.steps import Evaluation, Step


@dataclass(frozen=True)
class Standing:
    """Where an optimisation stands: student calls `done`, those that its `running` steps still need, and the
    share of the calls in searches that gave a demonstration."""

    done: int
    running: float
    success_rate: float


class Expectation(Protocol):
    """What one optimisation is expected to do."""

    @property
    def evaluations(self) -> int | None:
        """How many there will be."""

    @property
    def is_exact(self) -> bool:
        """Whether nothing of it is an estimate."""

    @property
    def has_comparable_scores(self) -> bool:
        """Whether the best of the scores of its evaluations is that of its program."""

    @property
    def proposes(self) -> bool:
        """Whether the optimiser asks a model for instructions between its steps."""

    def step_started(self, step: Step) -> None:
        """The optimiser starts a step."""

    def instructions_proposed(self, candidates: int) -> None:
        """A model has proposed so many instructions."""

    def rest(self, standing: Standing) -> float | None:
        """Student calls from now on; None when that cannot be known."""


class Schedule:
    """Steps in a known order."""

    has_comparable_scores = True

    def __init__(self, steps: Iterable[Step], *, proposes: bool = False) -> None:
        self._steps = list(steps)
        self.evaluations = sum(isinstance(step, Evaluation) for step in self._steps)
        self.is_exact = self.evaluations == len(self._steps)
        self.proposes = proposes

    def step_started(self, step: Step) -> None:
        """What was to come before it and did not will not come any more."""
        kinds = [type(expected) for expected in self._steps]
        if type(step) in kinds:
            del self._steps[: kinds.index(type(step)) + 1]

    def instructions_proposed(self, candidates: int) -> None:
        """The order does not depend on it."""

    def rest(self, standing: Standing) -> float:
        """The running step's, and those of all that follow."""
        return standing.running + sum(step.rest(standing.success_rate) for step in self._steps)


class Calls:
    """So many student calls, in steps that do not show."""

    evaluations = None
    is_exact = True
    has_comparable_scores = False
    proposes = False

    def __init__(self, total: int) -> None:
        self._total = total

    def step_started(self, step: Step) -> None:
        """The total has it."""

    def instructions_proposed(self, candidates: int) -> None:
        """The total has it."""

    def rest(self, standing: Standing) -> float:
        """The total less what is done."""
        return max(self._total - standing.done, standing.running)


class Budget:
    """A budget that the optimiser publishes once it runs, and checks only between its iterations.

    So the last one goes beyond it: by nothing up to `iteration` calls. A third of them is what one can expect,
    as the longest are those that found something better, and most do not.
    """

    evaluations = None
    is_exact = False
    has_comparable_scores = True
    proposes = True

    def __init__(self, published: Callable[[], int | None], iteration: int) -> None:
        self._published = published
        self._beyond = iteration / 3

    def step_started(self, step: Step) -> None:
        """The budget has it."""

    def instructions_proposed(self, candidates: int) -> None:
        """The budget has it."""

    def rest(self, standing: Standing) -> float | None:
        """At least one until the optimiser says that it is done."""
        budget = self._published()
        return None if budget is None else max(1.0, standing.running, budget + self._beyond - standing.done)


class Continuation:
    """What an earlier process began: only the optimiser knows how much is left, and what was best before."""

    evaluations = None
    is_exact = False
    has_comparable_scores = False
    proposes = True

    def step_started(self, step: Step) -> None:
        """One more."""

    def instructions_proposed(self, candidates: int) -> None:
        """It tells nothing about the rest."""

    def rest(self, standing: Standing) -> None:
        """Unknown."""


class CandidateRounds:
    """Rounds of candidate instructions, each evaluated on all `size` examples, predictor by predictor.

    In every round a model is asked for `breadth` candidates per predictor (in the first for one less, as
    the instruction that is there takes part), and may give fewer. With several predictors each round evaluates
    the candidates of the earlier ones again.
    """

    is_exact = True
    has_comparable_scores = True
    proposes = True

    def __init__(self, *, breadth: int, depth: int, predictors: int, size: int) -> None:
        self._depth, self._predictors, self._size = depth, predictors, size
        self._asked = [breadth] * (depth * predictors)  # candidates, in the order in which they are asked for
        self._proposals = self._begun = 0

    @property
    def evaluations(self) -> int | None:
        """Evaluations in all, by what has been proposed so far."""
        rounds = [self._asked[n * self._predictors : (n + 1) * self._predictors] for n in range(self._depth)]
        if self._predictors == 1:
            return sum(map(sum, rounds))
        return sum((self._depth - number) * sum(candidates) for number, candidates in enumerate(rounds))

    def step_started(self, step: Step) -> None:
        """One more evaluation."""
        self._begun += 1

    def instructions_proposed(self, candidates: int) -> None:
        """A model that gives fewer than it was asked for is expected to go on like that."""
        if self._proposals >= len(self._asked):
            return
        first_round = self._proposals < self._predictors
        if candidates + first_round < self._asked[self._proposals]:
            later = len(self._asked) - self._proposals - 1
            self._asked[self._proposals :] = [candidates + first_round] + [candidates] * later
        self._proposals += 1

    def rest(self, standing: Standing) -> float:
        """The running evaluation's, and those of all that follow."""
        to_come = max(0, (self.evaluations or 0) - self._begun)
        return standing.running + to_come * self._size
