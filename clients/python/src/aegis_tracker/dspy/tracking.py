"""The block of a training in which an optimiser is followed."""

from collections.abc import Iterator
from contextlib import contextmanager

import dspy

from aegis_tracker.dspy.expectations import Calls
from aegis_tracker.dspy.hooks import Hooks
from aegis_tracker.dspy.progress import Progress, Reports


@contextmanager
def track(
    tracker: Reports,
    phase: str,
    message: str = "",
    *,
    metric: str = "score",
    part: tuple[float, float] = (0.0, 1.0),
    evaluation_calls: int | None = None,
) -> Iterator[None]:
    """Enter `phase` and tell how much of it is done, while the block runs one `optimizer.compile(...)`.

    Work is one student call on one example: of the program that is optimised, or of its teacher. The fraction
    never goes back and is 1.0 when `compile` returns. Each score of an evaluation (the mean of the metric) is a
    log entry's metric called `metric`, with `_minibatch` appended for a part of the examples; the best so far
    is the run's. An optimiser that is not known gives messages and scores, but no fraction.

    `part` is the share of the phase that the block is, by default all of it; only a block whose part begins at
    0 enters the phase. With `evaluation_calls` the block runs no optimiser, but evaluations of so many examples
    in all.

    For use in any thread; optimisations in several threads, each in a block of its own, do not mix. What is set
    with `dspy.configure` after the block began has no effect in it, as in any `dspy.context`.
    """
    if part[0] == 0.0:
        tracker.enter_phase(phase, message)
    progress = Progress(tracker, phase, part, metric)
    hooks = Hooks(tracker, progress, follows_optimizer=evaluation_calls is None)
    if evaluation_calls is not None:
        progress.expects(Calls(evaluation_calls))
    with dspy.context(callbacks=[*dspy.settings.callbacks, hooks]):
        yield
    if evaluation_calls is not None:
        progress.all_done()
