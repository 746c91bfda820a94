"""The methods by which a training reports what its optimiser finds and uses."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from aegis_tracker import events, findings
from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.guarded_calls import never_raises
from aegis_tracker.known_candidates import KnownCandidates, Standing


class FindingReports:
    """Candidates, evaluations and usage. The rules are those of `TrainingProgressTracker`, which has these methods."""

    _diagnostics: Diagnostics
    _candidates: KnownCandidates
    _sends_texts: bool

    def _append(self, call: str, event: events.Event) -> None:
        raise NotImplementedError

    def _could_not_record(self, call: str, error: Exception) -> None:
        raise NotImplementedError

    def _raise_if_cancelled(self) -> None:
        raise NotImplementedError

    @never_raises
    def candidate(
        self,
        name: str,
        *,
        parents: Sequence[str] = (),
        origin: str = "other",
        predictors: Mapping[str, Any] | None = None,
        state: Mapping[str, Any] | None = None,
        send_texts: bool | None = None,
    ) -> None:
        """Report a program that the training considers. It cannot be changed later.

        `parents` are names of candidates that were reported before. `origin` is initial, bootstrapped, proposed,
        reflected, merged or other. `predictors` has by name an `instruction` and `demonstrations`. `state` is what the
        program can be loaded from, such as what DSPy's `program.save` writes. With `send_texts=False` it stays at home.
        """
        found = findings.candidate_event(
            name,
            parents,
            origin,
            predictors,
            state,
            self._diagnostics.once,
            sends_texts=self._sends_texts if send_texts is None else self._sends_texts and send_texts,
            is_known=self._candidates.is_known,
        )
        if found is None:
            return
        event, content = found
        standing = self._candidates.standing_of(event["candidate"], content)
        if standing is Standing.NEW:
            self._append("candidate", event)
            self._candidates.written(event["candidate"])
        elif standing is Standing.OTHER:
            self._diagnostics.once(
                "candidate",
                f"The candidate {event['candidate']!r} was reported before with other content, which is kept."
                " Give each candidate a name of its own.",
            )

    @never_raises
    def evaluation(
        self,
        candidate: str,
        metric: str,
        score: float,
        *,
        split: str = "development",
        example_count: int,
        error_count: int = 0,
        duration_ms: float | None = None,
        example_scores: Sequence[float | None] | None = None,
        example_ids: Sequence[str | int] | None = None,
        higher_is_better: bool | Mapping[str, bool] | None = None,
    ) -> None:
        """Report the score of a candidate, the mean of `metric` over `example_count` examples of the `split`.

        `split` is train, development, test, or minibatch for a part of one of them. `example_scores` are those of the
        examples in order, None for one that failed, and `example_ids` name the examples.
        """
        event = findings.evaluation_event(
            candidate,
            metric,
            score,
            self._diagnostics.once,
            split=split,
            example_count=example_count,
            error_count=error_count,
            duration_ms=duration_ms,
            example_scores=example_scores,
            example_ids=example_ids,
            sends_texts=self._sends_texts,
        )
        if event is not None:
            declared = findings.direction_of(event["metric"], higher_is_better)
            self._append("evaluation", events.with_directions(event, declared, self._diagnostics.once))

    @never_raises
    def usage(
        self,
        model: str | Sequence[Mapping[str, Any]],
        *,
        role: str = "other",
        calls: int = 1,
        cached_calls: int = 0,
        errors: int = 0,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cached_input_tokens: int = 0,
        reasoning_tokens: int = 0,
        cost: float | None = None,
        currency: str = "USD",
        duration_ms: float = 0,
    ) -> None:
        """Report what calls of a language model used since the last such report.

        `cost` is None if it is not known. `role` is student, teacher, proposer, reflection, metric or other. `model`
        can also be a list of mappings with a `model` and these arguments, which are reported together.
        """
        one = {
            "model": model,
            "role": role,
            "calls": calls,
            "cached_calls": cached_calls,
            "errors": errors,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cached_input_tokens": cached_input_tokens,
            "reasoning_tokens": reasoning_tokens,
            "cost": cost,
            "currency": currency,
            "duration_ms": duration_ms,
        }
        given = cast(Iterable[object], model if issubclass(type(model), (list, tuple)) else [one])
        for event in findings.usage_events(given, self._diagnostics.once):
            self._append("usage", event)
