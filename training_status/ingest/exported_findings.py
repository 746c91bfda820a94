"""The format of what the optimiser of an exported run found and used: a line for each candidate, evaluation and sum.

The lines come after the log entries. The field names are the column names of `Candidate`, `Evaluation` and
`ModelUsage`; what is computed from others is left out.
"""

from decimal import Decimal
from typing import Any, Final

import msgspec

from training_status.errors import InvalidInput
from training_status.ingest.batch import check_time
from training_status.ingest.event_fields import Time
from training_status.ingest.exported_run import Count, Number, Phase
from training_status.ingest.json_input import decode
from training_status.ingest.optimizer_events import (
    CandidateEvent,
    EvaluationEvent,
    ExampleIds,
    ExampleScores,
    Milliseconds,
    ModelRole,
    Name,
    Omitted,
    Origin,
    Parents,
    ReportedPredictor,
    Split,
    check_currency,
    check_optimizer_event,
)
from training_status.ingest.optimizer_events import Count as EventCount
from training_status.ingest.optimizer_records import NewCandidate, NewEvaluation

_KIND: Final = "kind"  # the first field of these lines, which no log entry has


class ExportedCandidate(msgspec.Struct, tag="candidate", tag_field=_KIND, forbid_unknown_fields=True, kw_only=True):
    """A candidate of the run."""

    number: Number
    name: Name
    origin: Origin
    parents: Parents
    predictors: dict[Name, ReportedPredictor] | None
    state: dict[str, Any] | None
    omitted: list[Omitted]
    reported_at: Time
    phase: Phase


class ExportedEvaluation(msgspec.Struct, tag="evaluation", tag_field=_KIND, forbid_unknown_fields=True, kw_only=True):
    """An evaluation of the run."""

    number: Number
    candidate: Name
    metric: Name
    score: float
    split: Split
    example_count: EventCount
    error_count: EventCount
    duration_ms: Milliseconds | None
    reported_at: Time
    phase: Phase
    example_scores: ExampleScores | None
    example_ids: ExampleIds | None


class ExportedModelUsage(msgspec.Struct, tag="usage", tag_field=_KIND, forbid_unknown_fields=True, kw_only=True):
    """The sums of a model in one role and phase."""

    phase: Phase
    model: Name
    role: ModelRole
    currency: str
    calls: Count
    cached_calls: Count
    errors: Count
    input_tokens: Count
    output_tokens: Count
    cached_input_tokens: Count
    reasoning_tokens: Count
    unpriced_calls: Count
    cost: Decimal | None
    duration_ms: Milliseconds


ExportedFinding = ExportedCandidate | ExportedEvaluation | ExportedModelUsage


def is_finding(raw: bytes) -> bool:
    """Whether a line is one of these."""
    return raw.startswith(b'{"kind"')


def read_finding(raw: bytes) -> ExportedFinding:
    """Parse a line. Raises InvalidInput."""
    finding: ExportedFinding = decode(raw, ExportedFinding)  # type: ignore[arg-type]  # a union is no type for mypy
    match finding:
        case ExportedCandidate():
            check_time(finding.reported_at, field="reported_at")
            check_optimizer_event(candidate_of(finding).event, field="candidate")
        case ExportedEvaluation():
            check_time(finding.reported_at, field="reported_at")
            check_optimizer_event(evaluation_of(finding).event, field="evaluation")
        case ExportedModelUsage():
            if (finding.cost is None) != (finding.currency == ""):
                raise InvalidInput("cost and currency must both be given, or neither", field="cost")
            if finding.currency:
                check_currency(finding.currency, field="currency")
    return finding


def candidate_of(exported: ExportedCandidate) -> NewCandidate:
    """The candidate to store."""
    event = CandidateEvent(
        n=1,
        candidate=exported.name,
        parents=exported.parents,
        origin=exported.origin,
        predictors=exported.predictors,
        state=exported.state,
        omitted=exported.omitted,
    )
    return NewCandidate(exported.number, event, exported.reported_at, exported.phase)


def evaluation_of(exported: ExportedEvaluation) -> NewEvaluation:
    """The evaluation to store."""
    event = EvaluationEvent(
        n=1,
        candidate=exported.candidate,
        metric=exported.metric,
        score=exported.score,
        split=exported.split,
        example_count=exported.example_count,
        error_count=exported.error_count,
        duration_ms=exported.duration_ms,
        example_scores=exported.example_scores,
        example_ids=exported.example_ids,
    )
    return NewEvaluation(exported.number, event, exported.reported_at, exported.phase)
