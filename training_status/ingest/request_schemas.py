"""The schemas of requests that create or change a domain or a run: fields and limits."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from training_status.errors import InvalidInput
from training_status.ingest.declared_directions import HigherIsBetter, check_directions
from training_status.ingest.json_input import decode, refuse_larger, refuse_unstorable
from training_status.ingest.optimizer_events import Currency, check_currency
from training_status.models.domain import (
    COST_LIMIT_MAX,
    DESCRIPTION_MAX_CHARACTERS,
    DESCRIPTION_MIN_CHARACTERS,
    DOMAIN_NAME_PATTERN,
    LLM_MODEL_MAX_CHARACTERS,
    TOKENS_LIMIT_MAX,
)
from training_status.models.training_run import OPTIMIZER_MAX_CHARACTERS

CONFIG_MAX_BYTES: Final = 64 * 1024
NOTE_MAX_BYTES: Final = 64 * 1024
TAGS_MAX: Final = 50
TAG_MAX_CHARACTERS: Final = 100
NO_FINAL_NEWLINE: Final = r"(?!\n)"

# msgspec searches with Python's `re`, where $ also matches before a final newline.
DomainName = Annotated[str, Meta(pattern=DOMAIN_NAME_PATTERN + NO_FINAL_NEWLINE, min_length=2, max_length=100)]
Description = Annotated[str, Meta(min_length=DESCRIPTION_MIN_CHARACTERS, max_length=DESCRIPTION_MAX_CHARACTERS)]
LlmModel = Annotated[str, Meta(min_length=1, max_length=LLM_MODEL_MAX_CHARACTERS)]
Tags = Annotated[list[Annotated[str, Meta(min_length=1, max_length=TAG_MAX_CHARACTERS)]], Meta(max_length=TAGS_MAX)]
Limit = Annotated[float, Meta(gt=0, lt=1_000_000_000)]
KeptRuns = Annotated[int, Meta(gt=0, lt=1_000_000_000)]
RunNumber = Annotated[int, Meta(ge=1, le=2**63 - 1)]
CostLimit = Annotated[float, Meta(gt=0, le=COST_LIMIT_MAX)]
TokensLimit = Annotated[int, Meta(gt=0, le=TOKENS_LIMIT_MAX)]
SampleCount = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class NewDomain(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The request to create a domain."""

    name: DomainName
    description: Description
    llm_model: LlmModel | None = None
    higher_is_better: HigherIsBetter | None = None
    cost_limit: CostLimit | None = None
    currency: Currency | None = None
    tokens_limit: TokensLimit | None = None


class DomainChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The request to change a domain. The name cannot be changed. A null limit uses the setting of the service.

    `baseline_run_number` must be a completed run of the domain; null removes the pin. `higher_is_better` replaces the
    whole object. `cost_limit` in `currency` and `tokens_limit` are the budget of runs that are started later without
    one; null is no limit.
    """

    description: Description | UnsetType = UNSET
    llm_model: LlmModel | UnsetType = UNSET
    stall_limit_s: Limit | UnsetType | None = UNSET
    hang_limit_s: Limit | UnsetType | None = UNSET
    lost_limit_s: Limit | UnsetType | None = UNSET
    kept_runs: KeptRuns | UnsetType | None = UNSET
    kept_days: Limit | UnsetType | None = UNSET
    baseline_run_number: RunNumber | UnsetType | None = UNSET
    higher_is_better: HigherIsBetter | UnsetType = UNSET
    cost_limit: CostLimit | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    tokens_limit: TokensLimit | UnsetType | None = UNSET


class NewRun(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The request to start a run. The reporter may choose the `id`, so that it can repeat the request.

    Without a `cost_limit` in `currency`, or a `tokens_limit`, the run has that of its domain.
    """

    id: UUID | None = None
    llm_model: LlmModel | None = None
    optimizer: Annotated[str, Meta(max_length=OPTIMIZER_MAX_CHARACTERS)] | None = None
    sample_count: SampleCount | None = None
    config: dict[str, Any] | None = None
    tags: Tags | None = None
    note: str | None = None
    higher_is_better: HigherIsBetter | None = None
    cost_limit: CostLimit | None = None
    currency: Currency | None = None
    tokens_limit: TokensLimit | None = None


class RunChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The request to change a run: tags and note at any time, its budget while it is active.

    `cost_limit` is in `currency`; null is no limit.
    """

    tags: Tags | UnsetType = UNSET
    note: str | UnsetType = UNSET
    cost_limit: CostLimit | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    tokens_limit: TokensLimit | UnsetType | None = UNSET


def read_new_domain(raw: bytes) -> NewDomain:
    """Parse the body of a request that creates a domain. Raises InvalidInput."""
    new = decode(raw, NewDomain)
    check_directions(new.higher_is_better, field="higher_is_better")
    _check_currency(new.currency)
    check_cost_limit(new.cost_limit, new.currency)
    return new


def read_domain_change(raw: bytes) -> DomainChange:
    """Parse the body of a request that changes a domain. Raises InvalidInput, also for a `name`."""
    change = decode(raw, DomainChange)
    if change.higher_is_better is not UNSET:
        check_directions(change.higher_is_better, field="higher_is_better")
    _check_currency(change.currency)
    return change


def read_new_run(raw: bytes) -> NewRun:
    """Parse the body of a request that starts a run. Raises InvalidInput."""
    start = decode(raw, NewRun)
    if start.config is not None:
        refuse_unstorable(start.config, field="config")
        refuse_larger(start.config, CONFIG_MAX_BYTES, field="config")
    _check_note(start.note)
    check_directions(start.higher_is_better, field="higher_is_better")
    _check_currency(start.currency)
    check_cost_limit(start.cost_limit, start.currency)
    return start


def read_run_change(raw: bytes) -> RunChange:
    """Parse the body of a request that changes a run's tags, note and budget. Raises InvalidInput."""
    change = decode(raw, RunChange)
    _check_note(None if change.note is UNSET else change.note)
    _check_currency(change.currency)
    return change


def _check_note(note: str | None) -> None:
    if note is not None:
        refuse_larger(note, NOTE_MAX_BYTES, field="note")


def check_cost_limit(cost_limit: float | None, currency: str | None) -> None:
    """Raise InvalidInput unless both are given, or neither."""
    if (cost_limit is None) != (currency is None):
        raise InvalidInput("cost_limit and currency must both be given, or neither.", field="currency")


def _check_currency(currency: str | UnsetType | None) -> None:
    if isinstance(currency, str):
        check_currency(currency, field="currency")
