"""The format of an exported run: a header, a line for each log entry, those of `exported_findings`, and a trailer.

The field names are the column names of `TrainingRun`, `PhaseTiming`, `ForecastMark`, `UsageForecastMark` and
`TrainingLogEntry`, and none is left out. `export_lines` reads and checks the lines.
"""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from training_status.budget import REASON_MAX_CHARACTERS
from training_status.forecast_methods import FORECAST_AMOUNTS, FORECAST_METHODS
from training_status.ingest.batch import Level, StepName
from training_status.ingest.declared_directions import HigherIsBetter
from training_status.ingest.event_fields import Time
from training_status.ingest.optimizer_events import Currency
from training_status.ingest.request_schemas import (
    CostLimit,
    Description,
    DomainName,
    LlmModel,
    SampleCount,
    Tags,
    TokensLimit,
)
from training_status.models.training_run import OPTIMIZER_MAX_CHARACTERS
from training_status.phases import PHASE_NAMES
from training_status.run_states import FAILURE_REASONS, RUN_STATES

FORMAT: Final = "aegis-training-run"
VERSION: Final = 1

# The counters of a run go on from these numbers, so they must leave room below the limits of their columns.
Count = Annotated[int, Meta(ge=0, le=2**53)]
Number = Annotated[int, Meta(ge=1, le=2**53)]
NotNegative = Annotated[float, Meta(ge=0)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Limit = Annotated[float, Meta(gt=0, lt=1e9)]
# Built from the existing lists; mypy expects literals.
Phase = Literal[PHASE_NAMES]  # type: ignore[valid-type]
State = Literal[RUN_STATES]  # type: ignore[valid-type]
FailureReason = Literal[FAILURE_REASONS]  # type: ignore[valid-type]
Method = Literal[FORECAST_METHODS]  # type: ignore[valid-type]
Amount = Literal[FORECAST_AMOUNTS]  # type: ignore[valid-type]


class _Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A part of the export. Every field is required, though it may be null, except for those of later versions."""


class ExportedDomain(_Part, kw_only=True):
    """The domain at the time of the export. The import creates the domain from it where it does not exist.

    The baseline is left out: a new domain has no run but the imported one.
    """

    name: DomainName
    description: Description
    llm_model: LlmModel
    stall_limit_s: Limit | None
    hang_limit_s: Limit | None
    lost_limit_s: Limit | None
    kept_runs: Annotated[int, Meta(gt=0, lt=10**9)] | None
    kept_days: Limit | None
    higher_is_better: HigherIsBetter = {}
    cost_limit: CostLimit | None = None
    currency: Currency | None = None
    tokens_limit: TokensLimit | None = None


class ExportedRun(_Part, kw_only=True):
    """Every column of a run, except for its internal keys and what is computed from its findings."""

    public_id: UUID
    run_number: Number
    llm_model: LlmModel
    optimizer: Annotated[str, Meta(max_length=OPTIMIZER_MAX_CHARACTERS)] | None
    sample_count: SampleCount | None
    config: dict[str, Any]
    tags: Tags
    note: str
    state: State
    failure_reason: FailureReason | None
    end_reported: bool
    cancel_requested_at: Time | None
    current_phase: Phase | None
    phase_started_at: Time | None
    progress_percent: Percent
    message: str | None
    phase_message: str | None = None
    event_message: str | None = None
    metrics: dict[str, Any]
    higher_is_better: HigherIsBetter = {}
    error_message: str | None
    result: dict[str, Any] | None
    created_at: Time
    started_at: Time | None
    ended_at: Time | None
    last_report_at: Time
    last_event_at: Time
    source: UUID | None
    last_n: Count
    first_seq: Number
    last_seq: Count
    resumed_at_seq: Count | None = msgspec.field(name="given_up_seq")
    candidate_count: Count = 0
    evaluation_count: Count = 0
    cost_limit: CostLimit | None = None
    currency: Currency | None = None
    tokens_limit: TokensLimit | None = None
    cancel_reason: Annotated[str, Meta(max_length=REASON_MAX_CHARACTERS)] | None = None
    debug_count: Count
    info_count: Count
    warning_count: Count
    error_count: Count
    critical_count: Count


class ExportedPhaseTiming(_Part):
    """When a phase began and ended."""

    phase: Phase
    started_at: Time
    ended_at: Time | None
    middle_at: Time | None
    middle_fraction: Annotated[float, Meta(ge=0.5, le=1)] | None


class ExportedForecastMark(_Part):
    """The forecast at a percentage of the run (`ForecastMark`)."""

    percent: Annotated[int, Meta(gt=0, lt=100)]
    forecast_at: Time
    method: Method
    based_on_runs: Annotated[int, Meta(ge=0, lt=2**31)]
    left_s: NotNegative
    low_s: NotNegative
    high_s: NotNegative
    linear_left_s: NotNegative
    linear_sigma: NotNegative
    learned_left_s: NotNegative | None
    learned_sigma: NotNegative | None


class ExportedUsageForecastMark(_Part):
    """The forecast of cost or tokens at a percentage of the run (`UsageForecastMark`)."""

    amount: Amount
    percent: Annotated[int, Meta(gt=0, lt=100)]
    method: Method
    based_on_runs: Annotated[int, Meta(ge=0, lt=2**31)]
    total: NotNegative
    low: NotNegative
    high: NotNegative
    currency: str


class Header(_Part):
    """The first line of an export."""

    format: str
    version: int
    domain: ExportedDomain
    run: ExportedRun
    phase_timings: list[ExportedPhaseTiming]
    forecast_marks: list[ExportedForecastMark]
    usage_forecast_marks: list[ExportedUsageForecastMark] = []


class ExportedEntry(_Part):
    """A log entry; each has one line, in order."""

    seq: Number
    timestamp: Time
    level: Level
    message: str
    step: StepName | None
    metrics: dict[str, Any] | None
    progress_percent: Percent | None = None
    phase: Phase | None = None


class Trailer(_Part):
    """The last line. A file without it is incomplete. `findings` counts the lines of `exported_findings`."""

    end: str
    entries: Count
    findings: Count = 0
