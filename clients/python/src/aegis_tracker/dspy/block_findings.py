"""What one `track` block reports of an optimiser beside its progress: candidates, evaluations and usage.

A tracker without these reports, such as somebody's own object, is left alone. Nothing here raises into a training: what
cannot be read from a DSPy is not reported any more, with a warning.
"""

import functools
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec

from aegis_tracker.dspy import callback_support, lineage, wording
from aegis_tracker.dspy.call_roles import CallRoles
from aegis_tracker.dspy.calls import Compilation
from aegis_tracker.dspy.evaluations import example_scores
from aegis_tracker.dspy.example_names import ExampleNames
from aegis_tracker.dspy.example_sets import are_the_same
from aegis_tracker.dspy.found_candidates import FoundCandidates
from aegis_tracker.dspy.scores import Score
from aegis_tracker.dspy.simba_scores import ScoredProgram
from aegis_tracker.dspy.usage_meter import UsageMeter

_CALLS = ("candidate", "evaluation", "usage")
_EXAMPLES_MAX = 10_000

_Parameters = ParamSpec("_Parameters")


class RunFindings:
    """What all blocks of a tracker share."""

    def __init__(self, tracker: Any) -> None:
        self.candidates = FoundCandidates(tracker)
        self.meter = UsageMeter(tracker)
        self.evaluations: dict[str, BlockFindings] = {}  # that run: the innermost block reports each of them


_of_trackers: weakref.WeakKeyDictionary[Any, RunFindings] = weakref.WeakKeyDictionary()
_lock = threading.RLock()


def _of_tracker(tracker: Any) -> RunFindings | None:
    """None for a tracker without such reports."""
    if not all(callable(getattr(tracker, call, None)) for call in _CALLS):
        return None
    with _lock:
        try:
            return _of_trackers.setdefault(tracker, RunFindings(weakref.proxy(tracker)))
        except TypeError:  # it cannot be referred to weakly: each block for itself
            return RunFindings(tracker)


@dataclass
class _Evaluation:
    """An evaluation that runs."""

    candidate: str
    split: str
    example_ids: list[str] | None
    failure_score: Any
    began: float = field(default_factory=time.monotonic)


def _guarded(
    method: Callable[Concatenate["BlockFindings", _Parameters], None],
) -> Callable[Concatenate["BlockFindings", _Parameters], None]:
    """Do nothing without such reports, and turn an exception into a warning."""

    @functools.wraps(method)
    def guarded(self: "BlockFindings", /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        if self.run is None:
            return
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - another version of DSPy, or a fault of ours
            self.could_not_read(error)

    return guarded


class BlockFindings:
    """The candidates, evaluations and usage that one block sees. Used by all threads."""

    def __init__(
        self, tracker: Any, metric: str, split: str, send_texts: bool | None, warn: Callable[[str], None]
    ) -> None:
        self.run = _of_tracker(tracker)
        self._tracker = tracker
        self._metric = metric
        self._split = split
        self._send_texts = send_texts
        self._warn = warn
        self._has_warned = False
        self._roles = CallRoles()
        self._student: str | None = None  # the candidate that the optimiser was given
        self._names = ExampleNames({})
        self._evaluations: dict[str, _Evaluation] = {}
        self._texts: dict[tuple[tuple[str, str], ...], str] = {}  # GEPA's candidates by their texts

    @_guarded
    def block_started(self) -> None:
        """The block begins."""
        self._shared.meter.block_started()

    @_guarded
    def block_ended(self) -> None:
        """The block ends."""
        self._shared.meter.block_ended()

    # Optimisers

    @_guarded
    def optimizer_started(self, compilation: Compilation) -> None:
        """An optimiser starts with its student."""
        self._roles.compilation = compilation
        inputs = compilation.inputs
        valset, trainset = inputs.get("valset"), inputs.get("trainset")
        self._names = ExampleNames({"development": valset, "train": trainset})
        self._texts = {}
        self._student = None
        student = inputs.get("student")
        if student is not None:
            self._student = self._name_of(student, "initial")

    @_guarded
    def optimizer_ended(self, compilation: Compilation, program: Any) -> None:
        """It returned a program, which may be one that was never evaluated."""
        if program is not None:
            self._name_of(program, lineage.origin_of(_kind(compilation)), [self._student])
        self._roles.compilation = None

    @_guarded
    def simba_scored(self, compilation: Compilation, read: Callable[[Mapping[str, Any]], list[ScoredProgram]]) -> None:
        """SIMBA has evaluated programs, which are read from its variables."""
        for one in read(compilation.variables()):
            parent = None if one.parent is None else self._name_of(one.parent, lineage.OTHER, [self._student])
            candidate = self._name_of(one.program, self._origin_by_change(one.program, parent), [parent])
            self._shared.meter.report()
            self._report(
                candidate,
                Score(one.score, one.failed),
                _Evaluation(candidate, one.split, self._ids(one.examples), None),
                len(one.example_scores),
                one.example_scores,
                duration_ms=None,
            )

    def _origin_by_change(self, program: Any, parent: str | None) -> str:
        """SIMBA appends a demonstration, or advice to an instruction."""
        instructions = {name: one.signature.instructions for name, one in program.named_predictors()}
        is_same = self._shared.candidates.instructions(parent) == instructions
        return lineage.BOOTSTRAPPED if is_same else lineage.REFLECTED

    # Evaluations

    @_guarded
    def evaluation_started(
        self,
        call_id: str,
        program: Any,
        examples: Any,
        failure_score: Any,
        compilation: Compilation | None,
        is_whole: bool | None,
    ) -> None:
        """An evaluation of a program starts, of an optimiser or of the block."""
        if compilation is None:
            split = self._split
            is_first = not self._shared.candidates.has_structure_of(program)
            candidate = self._name_of(program, "initial" if is_first else lineage.OTHER)
            ids = self._ids(examples) or ExampleNames({split: examples}).of(examples)
        else:
            split = _split_of(examples, compilation, is_whole)
            candidate, ids = self._candidate_of(program, compilation), self._ids(examples)
        self._evaluations[call_id] = _Evaluation(candidate, split, ids, failure_score)
        self._shared.evaluations[call_id] = self

    @_guarded
    def evaluation_ended(self, call_id: str, outputs: Any, score: Score | None) -> None:
        """It is over, with this score or none."""
        evaluation = self._evaluations.pop(call_id, None)
        is_ours = self._shared.evaluations.get(call_id) is self
        if is_ours:
            self._shared.evaluations.pop(call_id, None)
        self._shared.meter.report()
        if evaluation is None or not is_ours or score is None or not score.is_finite:
            return
        scores = example_scores(outputs, evaluation.failure_score)
        self._report(
            evaluation.candidate,
            score,
            evaluation,
            len(scores),
            scores,
            duration_ms=(time.monotonic() - evaluation.began) * 1000,
        )

    def _report(
        self,
        candidate: str,
        score: Score,
        evaluation: _Evaluation,
        size: int,
        scores: list[float | None],
        *,
        duration_ms: float | None,
    ) -> None:
        with_examples = 0 < len(scores) <= _EXAMPLES_MAX
        self._tracker.evaluation(
            candidate,
            self._metric,
            score.value,
            split=evaluation.split,
            example_count=size,
            error_count=score.failed,
            duration_ms=duration_ms,
            example_scores=scores if with_examples else None,
            example_ids=evaluation.example_ids if with_examples else None,
        )

    def _candidate_of(self, program: Any, compilation: Compilation) -> str:
        kind = _kind(compilation)
        if kind != "GEPA" or compilation.running is None:
            return self._name_of(program, lineage.origin_of(kind), [self._student])
        found = lineage.gepa_lineage(compilation.thread, self._name_of_texts)
        name = self._name_of(program, found.origin, found.parents)
        if found.texts is not None:
            self._texts[_key(found.texts)] = name
        return name

    def _name_of_texts(self, texts: lineage.Texts) -> str | None:
        return self._texts.get(_key(texts))

    def _name_of(self, program: Any, origin: str, parents: Sequence[str | None] = ()) -> str:
        return self._shared.candidates.name_of(program, origin, parents, send_texts=self._send_texts)

    def _ids(self, examples: Any) -> list[str] | None:
        return self._names.of(examples)

    # Usage

    @_guarded
    def module_started(self, call_id: str, around: Any) -> None:
        """A program is called."""
        self._roles.module_started(call_id, around)

    @_guarded
    def module_ended(self, call_id: str) -> None:
        """A program was called."""
        self._roles.module_ended(call_id)

    @_guarded
    def any_evaluation_started(self, call_id: str, around: Any) -> None:
        """An evaluation starts, of whomever."""
        self._roles.evaluation_started(call_id, around)

    @_guarded
    def any_evaluation_ended(self, call_id: str) -> None:
        """It is over."""
        self._roles.evaluation_ended(call_id)

    @_guarded
    def model_called(self, call_id: str, lm: Any, around: Any) -> None:
        """A language model is called."""
        role = self._roles.of_model_call(around, lm)
        self._shared.meter.call_started(call_id, lm, role, around)

    @_guarded
    def model_answered(self, call_id: str, outputs: Any, exception: BaseException | None) -> None:
        """A language model was called."""
        self._shared.meter.call_ended(call_id, outputs, exception)

    def could_not_read(self, error: Exception) -> None:
        """Warn once that something cannot be reported."""
        if not self._has_warned:
            self._has_warned = True
            self._warn(
                f"{callback_support.version()} does not work as expected ({wording.exception(error)}): not all"
                " candidates, evaluations and usage of this block are reported."
            )

    @property
    def _shared(self) -> RunFindings:
        assert self.run is not None
        return self.run


def _kind(compilation: Compilation) -> str:
    return compilation.procedure.name if compilation.procedure is not None else ""


def _key(texts: lineage.Texts) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(texts.items()))


def _split_of(examples: Any, compilation: Compilation, is_whole: bool | None) -> str:
    """Of which split the examples of an optimiser's evaluation are all, or else that they are a part."""
    values = compilation.variables()
    valset, trainset = values.get("valset"), values.get("trainset")
    judging = valset or trainset
    if is_whole is None:
        is_whole = are_the_same(examples, judging)
    if not is_whole:
        return "train" if valset and are_the_same(examples, trainset) else "minibatch"
    return "train" if not valset or valset is trainset else "development"
