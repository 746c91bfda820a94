"""The block of a training in which an optimiser is followed."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dspy

from aegis_tracker.dspy import callback_support, wording
from aegis_tracker.dspy.block_arguments import usable_evaluation_calls, usable_metric, usable_part, usable_split
from aegis_tracker.dspy.block_findings import BlockFindings
from aegis_tracker.dspy.followed_block import FollowedBlock
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
    split: str = "development",
    send_texts: bool | None = None,
) -> Iterator[None]:
    """Enter `phase` and tell how much of it is done, while the block runs one `optimizer.compile(...)`.

    The unit of work is a student call: one call of the optimised program, or of its teacher, on one example. The
    fraction never decreases and is 1.0 when `compile` returns. Each score of an evaluation (the mean of the metric)
    is a metric of a log entry, with the name `metric`, or `metric` + `_minibatch` for a part of the examples. The
    best score on all examples is a metric of the run. An unknown optimiser gives messages and scores, but no fraction
    and no metric of the run. An optimiser that fails can be run again in the same block.

    `part` is the share of the phase that the block stands for, by default all of it. Only a block whose part begins
    at 0 enters the phase. With `evaluation_calls` the block runs no optimiser, but evaluations of that many examples
    in total, and `split` says of which examples. An invalid argument gives a warning, and its default is used. Nothing
    is raised.

    Candidates, evaluations and the usage of language models are reported as well. With `send_texts=False` the programs
    stay at home.

    It can be used in any thread. Optimisations in several threads, each in its own block, do not mix. As in any
    `dspy.context`, `dspy.configure` has no effect in the block after its start. A block that saw no optimiser or
    evaluation warns at its end.
    """
    what, event = ("optimiser", "on_compile_start") if evaluation_calls is None else ("evaluation", "on_evaluate_start")
    part, wrong_part = usable_part(part)
    metric, wrong_metric = usable_metric(metric)
    split, wrong_split = usable_split(split)
    wrong_calls = ""
    if evaluation_calls is not None:
        evaluation_calls, wrong_calls = usable_evaluation_calls(evaluation_calls)
    if part[0] == 0.0:
        tracker.enter_phase(phase, message)
    sends_texts = getattr(tracker, "sends_texts", True) if send_texts is None else bool(send_texts)
    progress = Progress(tracker, phase, part, metric, tells_instructions=sends_texts)
    findings = BlockFindings(tracker, metric, split, sends_texts, progress.warn)
    for sentence in filter(None, (wrong_part, wrong_metric, wrong_split, wrong_calls)):
        progress.warn(f"The `track` block of {phase}: {sentence}")
    if not callback_support.is_known_version():
        _warn_of_version(tracker, progress)
    elif evaluation_calls is not None:
        progress.evaluations_announced(evaluation_calls)
    if callback_support.has_event(event):
        with _following(tracker, progress, findings, phase, what):
            yield
    else:
        progress.warn(f"{callback_support.version()} has no callback for the start of an {what}, so none is followed.")
        yield


@contextmanager
def _following(tracker: Reports, progress: Progress, findings: BlockFindings, phase: str, what: str) -> Iterator[None]:
    """DSPy's settings with hooks that follow such a thing, and without those of blocks that have ended; warn at the
    end if none was seen, or one still runs. A process that was forked in the block leaves it without a word."""
    try:
        block = FollowedBlock(tracker, progress, findings, follows_optimizer=what == "optimiser")
        hooks = Hooks(block)
        settings = _settings_with(hooks)
        settings.__enter__()
    except Exception as error:  # noqa: BLE001 - another version of DSPy
        progress.warn(
            f"{callback_support.version()} does not take callbacks ({wording.exception(error)}): no {what} is followed."
        )
        yield
        return
    findings.block_started()
    try:
        yield
    finally:
        findings.block_ended()
        with suppress(Exception):  # a generator may end in another context, whose settings are not ours to restore
            settings.__exit__(None, None, None)
        is_active = hooks.is_active
        hooks.detach()
        still_runs = is_active and block.close()
    if not is_active:
        return
    progress.evaluations_over()
    if not block.saw_work:
        progress.warn(
            f"The `track` block of {phase} saw no {what}. If one ran, DSPy's callbacks did not reach it from the block."
            " It may have run in a thread or executor: run it there with `contextvars.copy_context().run`, or put the"
            " `with track` into the thread. Or in another process: put the `with track` there. Or in a"
            " `dspy.context(callbacks=...)`: keep `*dspy.settings.callbacks` in that list. Or in the `forward` of a"
            " `dspy.Module` or in a callback: put the `with track` there."
        )
    elif still_runs:
        progress.warn(f"The `track` block of {phase} ended before its optimiser. The rest of it is not followed.")


def _settings_with(hooks: Hooks) -> Any:
    """DSPy's settings with these hooks, and without those of blocks that have ended."""
    callbacks = dspy.settings.callbacks or ()
    others = [callback for callback in callbacks if not isinstance(callback, Hooks) or callback.is_active]
    return dspy.context(callbacks=[*others, hooks])


_warned_of_version: weakref.WeakSet[Reports] = weakref.WeakSet()


def _warn_of_version(tracker: Reports, progress: Progress) -> None:
    """Warn once per tracker that this DSPy is not one of the known versions."""
    with suppress(TypeError):  # a tracker of somebody else's that cannot be referred to weakly: once per block
        if tracker in _warned_of_version:
            return
        _warned_of_version.add(tracker)
    progress.warn(
        f"{callback_support.version()} is not a version that this tracker knows"
        f" ({callback_support.known_versions()}): optimisers and evaluations are followed without a fraction."
    )
