"""The events about an optimiser: candidates, evaluations and usage. Rules that need the run: `optimizer_store`."""

import re
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from training_status.errors import InvalidInput
from training_status.ingest.declared_directions import HigherIsBetter, check_directions
from training_status.ingest.event_fields import Number, Time
from training_status.ingest.json_input import refuse_larger, refuse_unstorable
from training_status.optimizer_terms import (
    EXAMPLES_MAX,
    MODEL_ROLE_OTHER,
    MODEL_ROLES,
    NAME_MAX_CHARACTERS,
    ORIGIN_OTHER,
    ORIGINS,
    SPLITS,
)

EVENT_MAX_BYTES: Final = 1024 * 1024
PARENTS_MAX: Final = 20
MODELS_MAX: Final = 100
COUNT_MAX: Final = 10**12  # of one event, so that the sums of a run stay within their columns
COST_MAX: Final = 10**9
CURRENCY_PATTERN: Final = "[A-Z]{3}"

Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX_CHARACTERS)]
Count = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
Milliseconds = Annotated[float, Meta(ge=0, le=1e15)]
# Built from the existing lists; mypy expects literals.
Origin = Literal[ORIGINS]  # type: ignore[valid-type]
Split = Literal[SPLITS]  # type: ignore[valid-type]
ModelRole = Literal[MODEL_ROLES]  # type: ignore[valid-type]
Omitted = Literal["predictors", "state"]
Parents = Annotated[list[Name], Meta(max_length=PARENTS_MAX)]
ExampleScores = Annotated[list[float | None], Meta(max_length=EXAMPLES_MAX)]
ExampleIds = Annotated[list[Name], Meta(max_length=EXAMPLES_MAX)]
Currency = Annotated[str, Meta(extra_json_schema={"pattern": f"^{CURRENCY_PATTERN}$"})]


class ReportedPredictor(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One predictor of a program."""

    instruction: str | None = None
    demonstrations: list[dict[str, Any]] = []


class CandidateEvent(msgspec.Struct, tag="candidate", forbid_unknown_fields=True, kw_only=True):
    """A program that the optimiser considers. It makes no log entry."""

    n: Number
    candidate: Name
    parents: Parents = []
    origin: Origin = ORIGIN_OTHER
    predictors: dict[Name, ReportedPredictor] | None = None
    state: dict[str, Any] | None = None
    omitted: list[Omitted] = []
    timestamp: Time | None = None


class EvaluationEvent(msgspec.Struct, tag="evaluation", forbid_unknown_fields=True, kw_only=True):
    """The score of a candidate on a set of examples. It makes no log entry."""

    n: Number
    candidate: Name
    metric: Name
    score: float
    split: Split
    example_count: Count
    error_count: Count = 0
    duration_ms: Milliseconds | None = None
    example_scores: ExampleScores | None = None
    example_ids: ExampleIds | None = None
    higher_is_better: HigherIsBetter | None = None
    timestamp: Time | None = None


class UsedModel(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What calls of one model used, in one role."""

    model: Name
    role: ModelRole = MODEL_ROLE_OTHER
    calls: Count
    cached_calls: Count = 0
    errors: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_input_tokens: Count = 0
    reasoning_tokens: Count = 0
    cost: Annotated[float, Meta(ge=0, le=COST_MAX)] | None = None
    currency: Currency | None = None
    duration_ms: Milliseconds = 0.0


class UsageEvent(msgspec.Struct, tag="usage", forbid_unknown_fields=True, kw_only=True):
    """What was used since the last such event. It makes no log entry."""

    n: Number
    models: Annotated[list[UsedModel], Meta(min_length=1, max_length=MODELS_MAX)]
    timestamp: Time | None = None


OptimizerEvent = CandidateEvent | EvaluationEvent | UsageEvent


def check_optimizer_event(event: OptimizerEvent, *, field: str) -> None:
    """Raise InvalidInput for what the types cannot express."""
    match event:
        case CandidateEvent():
            _check_candidate(event, field)
        case EvaluationEvent():
            _check_evaluation(event, field)
        case UsageEvent():
            for position, used in enumerate(event.models):
                _check_used_model(used, f"{field}.models[{position}]")


def _check_candidate(event: CandidateEvent, field: str) -> None:
    refuse_larger(event, EVENT_MAX_BYTES, field=field)
    refuse_unstorable(event.state, field=f"{field}.state")
    for name, predictor in (event.predictors or {}).items():
        refuse_unstorable(predictor.demonstrations, field=f"{field}.predictors.{name}.demonstrations")
    if event.candidate in event.parents:
        raise InvalidInput(f"{field}.parents must not name the candidate itself.", field=f"{field}.parents")
    if len(set(event.parents)) < len(event.parents):
        raise InvalidInput(f"{field}.parents names a candidate twice.", field=f"{field}.parents")
    for name in event.omitted:
        if getattr(event, name) is not None:
            raise InvalidInput(f"{field}.{name} is given, though it is said to be omitted.", field=f"{field}.{name}")


def _check_evaluation(event: EvaluationEvent, field: str) -> None:
    refuse_larger(event, EVENT_MAX_BYTES, field=field)
    check_directions(event.higher_is_better, field=f"{field}.higher_is_better")
    if event.error_count > event.example_count:
        raise InvalidInput(
            f"{field}.error_count is {event.error_count}, more than the {event.example_count} examples.",
            field=f"{field}.error_count",
        )
    scores, ids = event.example_scores, event.example_ids
    if scores is not None and len(scores) > event.example_count:
        raise InvalidInput(
            f"{field}.example_scores has {len(scores)} scores for {event.example_count} examples.",
            field=f"{field}.example_scores",
        )
    if ids is not None and len(ids) != len(scores or ()):
        raise InvalidInput(
            f"{field}.example_ids has {len(ids)} names for {len(scores or ())} scores.", field=f"{field}.example_ids"
        )


def _check_used_model(used: UsedModel, field: str) -> None:
    for name in ("cached_calls", "errors"):
        if getattr(used, name) > used.calls:
            raise InvalidInput(
                f"{field}.{name} is {getattr(used, name)}, more than the {used.calls} calls.", field=f"{field}.{name}"
            )
    if (used.cost is None) != (used.currency is None):
        raise InvalidInput(f"{field}.cost and currency must both be given, or neither.", field=f"{field}.currency")
    if used.currency is not None:
        check_currency(used.currency, field=f"{field}.currency")


def check_currency(currency: str, *, field: str) -> None:
    """Raise InvalidInput unless it is the code of a currency, such as USD."""
    if not re.fullmatch(CURRENCY_PATTERN, currency):
        raise InvalidInput(f"{field} must be three capital letters, such as USD.", field=field)
