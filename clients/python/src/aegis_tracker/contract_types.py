"""The shapes of what the service tells its readers, as type checkers know them.

The names are those of `openapi.yaml`. Every key is always there. Times are texts in ISO 8601, in UTC with `Z`;
phases are the names in `aegis_tracker.phases`.
"""

from typing import Any, Literal, TypedDict

Metrics = dict[str, float | str | bool | None]
HigherIsBetter = dict[str, bool]  # by the name of a metric; one whose direction is unknown is missing
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
RunStatus = Literal["pending", "training", "completed", "failed"]
StepStatus = Literal["pending", "in_progress", "completed", "failed"]
Health = Literal["ok", "stalled", "hanging"]
FailureReason = Literal["error", "cancelled", "lost"]


class Step(TypedDict):
    """A phase; `progress` is a percentage of its own, `share` its part of the whole run in percent."""

    name: str
    status: StepStatus
    progress: int
    share: float


class Forecast(TypedDict):
    """The learned estimate: when the run will be complete, and the range that holds four times out of five."""

    completion: str
    low: str
    high: str
    method: Literal["linear", "shares", "history"]
    based_on_runs: int


class BestEvaluation(TypedDict):
    """The best evaluation of the metric that was evaluated last."""

    candidate: str
    metric: str
    score: float
    at: str


class UsageTotals(TypedDict):
    """What the calls of language models added up to; `cost` is None where it is not known."""

    calls: int
    cached_calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    reasoning_tokens: int
    unpriced_calls: int
    cost: float | None
    currency: str | None
    duration_ms: float


class Budget(TypedDict):
    """The limits of a run; `used_share` is that of the limit that is used most, 1.0 all of it.

    `is_lower_bound`: calls without a known cost in this currency come on top.
    """

    cost_limit: float | None
    currency: str | None
    tokens_limit: int | None
    used_share: float
    state: Literal["ok", "near", "exceeded"]
    is_lower_bound: bool


class CostForecast(TypedDict):
    """What the run will have cost at its end, and the range that holds four times out of five.

    `is_lower_bound`: calls without a known cost come on top.
    """

    total: float
    low: float
    high: float
    currency: str
    is_lower_bound: bool
    method: Literal["linear", "shares", "history"]
    based_on_runs: int


class TokensForecast(TypedDict):
    """How many tokens the run will have used at its end, and the range that holds four times out of five."""

    total: int
    low: int
    high: int
    method: Literal["linear", "shares", "history"]
    based_on_runs: int


class UsageForecast(TypedDict):
    """What the run will have used at its end; None where nothing is known of it."""

    cost: CostForecast | None
    tokens: TokensForecast | None


class TrainingStatus(TypedDict):
    """How a run is going; `progress` is the percentage of the whole, rounded down."""

    domain_name: str
    training_run_id: str
    run_number: int
    status: RunStatus
    progress: int
    progress_percent: float
    current_step: str
    steps: list[Step]
    message: str | None
    metrics: Metrics
    baseline_metrics: Metrics | None
    baseline_run_number: int | None
    higher_is_better: HigherIsBetter
    started_at: str | None
    estimated_completion: str | None
    forecast: Forecast | None
    elapsed_time_ms: int | None
    completed_at: str | None
    last_report_at: str
    health: Health | None
    failure_reason: FailureReason | None
    error_message: str | None
    error: str | None
    cancel_requested: bool
    cancel_reason: str | None
    best: BestEvaluation | None
    usage: UsageTotals
    budget: Budget | None
    usage_forecast: UsageForecast | None


class PhaseTime(TypedDict):
    """A phase that the run entered; `ended_at` is None in the one it is in."""

    phase: str
    started_at: str
    ended_at: str | None


class ExpectedPhase(TypedDict):
    """What a phase was expected to take, in seconds."""

    phase: str
    seconds: float


class TrainingRun(TrainingStatus):
    """The status, what the run was started with, and what people noted on it."""

    llm_model: str
    optimizer: str | None
    sample_count: int | None
    config: dict[str, Any]
    tags: list[str]
    note: str
    created_at: str
    candidate_count: int
    evaluation_count: int
    phase_times: list[PhaseTime]
    expected_phases: list[ExpectedPhase] | None


class LogEntry(TypedDict):
    """One entry of a run's log; `seq` counts them 1, 2, 3 … without gaps."""

    seq: int
    timestamp: str
    level: LogLevel
    message: str
    step: str | None
    metrics: Metrics | None


class Domain(TypedDict):
    """A domain, and how its latest run is going; None where it was never trained."""

    name: str
    description: str
    llm_model: str
    created_at: str
    latest_run: TrainingStatus | None
    stall_limit_s: float | None
    hang_limit_s: float | None
    lost_limit_s: float | None
    kept_runs: int | None
    kept_days: float | None
    baseline_run_number: int | None
    higher_is_better: HigherIsBetter
    cost_limit: float | None
    currency: str | None
    tokens_limit: int | None


class PastRun(TypedDict):
    """A run in the history. The numeric metrics of a finished one are keys of it, too, each under its own name."""

    run_number: int
    training_run_id: str
    status: RunStatus
    failure_reason: FailureReason | None
    started_at: str | None
    completed_at: str | None
    duration_ms: int | None
    metrics: Metrics


class MarkScore(TypedDict):
    """The score of the forecasts made at one percentage of runs; 1.0 is off by all of the time really left."""

    percent: int
    forecasts: int
    runs: int
    error: float
    linear_error: float
    covered: float


class ForecastScore(TypedDict):
    """The score of all forecasts of a method."""

    method: Literal["linear", "shares", "history"]
    forecasts: int
    runs: int
    error: float
    linear_error: float
    covered: float
    by_percent: list[MarkScore]


class UsageMarkScore(TypedDict):
    """The score of the forecasts made at one percentage of runs; 1.0 is off by all that a run used."""

    percent: int
    forecasts: int
    runs: int
    error: float
    covered: float


class UsageForecastScore(TypedDict):
    """The score of all forecasts of an amount by a method."""

    amount: Literal["cost", "tokens"]
    method: Literal["linear", "shares", "history"]
    forecasts: int
    runs: int
    error: float
    covered: float
    by_percent: list[UsageMarkScore]


class TrainingHistory(TypedDict):
    """All runs of a domain, oldest first. `improvement` compares the last completed one with the first, in words."""

    domain_name: str
    training_runs: list[PastRun]
    improvement: str | None
    higher_is_better: HigherIsBetter
    forecast_scores: list[ForecastScore]
    usage_forecast_scores: list[UsageForecastScore]


class ComparedRun(TypedDict):
    """A run that is compared."""

    run_number: int
    training_run_id: str
    status: RunStatus
    failure_reason: FailureReason | None
    started_at: str | None
    duration_ms: int | None
    metrics: Metrics
    llm_model: str
    optimizer: str | None
    sample_count: int | None
    tags: list[str]


class ComparedMetric(TypedDict):
    """A metric that is a number in at least one of the runs."""

    name: str
    values: list[float | None]


class ComparedPhase(TypedDict):
    """How long each run was in a phase; None where it was not entered."""

    phase: str
    seconds: list[float | None]


class ComparedSetting(TypedDict):
    """Something that the runs were started with; of a nested config the name is dotted."""

    name: str
    values: list[Any]
    differs: bool


class ComparedPrompt(TypedDict):
    """A prompt of the results, or a part of one."""

    name: str
    texts: list[str | None]
    is_cut_off: bool


class TrainingComparison(TypedDict):
    """Runs side by side: every list of values has one for each, in the order of `runs`.

    `baseline_metrics` are those of the run that is pinned in the domain. `cut_off` names the lists that are longer.
    """

    domain_name: str
    baseline_run_number: int | None
    baseline_metrics: Metrics | None
    runs: list[ComparedRun]
    metrics: list[ComparedMetric]
    higher_is_better: HigherIsBetter
    phases: list[ComparedPhase]
    configuration: list[ComparedSetting]
    prompts: list[ComparedPrompt]
    cut_off: list[Literal["metrics", "configuration", "prompts"]]


class StatusData(TypedDict):
    """What a `StatusEnvelope` is about."""

    status: TrainingStatus


class GapData(TypedDict):
    """What a `GapEnvelope` is about: the oldest entry kept."""

    first_seq: int


class _Envelope(TypedDict):
    timestamp: str
    training_run_id: str
    domain: str
    progress_percent: float
    phase: str
    message: str


class StatusEnvelope(_Envelope):
    """How the run is going now. Changes that follow close upon each other may come as one."""

    event_type: Literal["started", "phase_changed", "progress_update", "completed", "failed"]
    data: StatusData


class LogEnvelope(_Envelope):
    """A new entry of the log."""

    event_type: Literal["log"]
    data: LogEntry


class GapEnvelope(_Envelope):
    """The entries before `first_seq` are no longer kept: the log goes on there."""

    event_type: Literal["gap"]
    data: GapData


Origin = Literal["initial", "bootstrapped", "proposed", "reflected", "merged", "other"]
Split = Literal["development", "test", "train", "minibatch"]


class _Candidate(TypedDict):
    candidate: str
    parents: list[str]
    omitted: list[Literal["predictors", "state"]]
    has_program: bool
    at: str
    phase: str


class NewCandidate(_Candidate):
    """A program that the optimiser considers, without the program itself."""

    number: int
    origin: Origin


class Candidate(_Candidate):
    """A candidate and its best evaluation of a metric; `number` is None for one that only evaluations name."""

    number: int | None
    origin: Origin | None
    metric: str | None
    score: float | None
    split: Split | None
    example_count: int | None
    evaluation_count: int


class Evaluation(TypedDict):
    """The score of a candidate on a set of examples."""

    number: int
    candidate: str
    metric: str
    score: float
    split: Split
    example_count: int
    error_count: int
    duration_ms: float | None
    at: str
    phase: str


class Predictor(TypedDict):
    """One predictor of a program."""

    instruction: str | None
    demonstrations: list[dict[str, Any]]


class CandidateDetails(Candidate):
    """A candidate with its program and its latest evaluations."""

    predictors: dict[str, Predictor] | None
    state: dict[str, Any] | None
    evaluations: list[Evaluation]


class ModelUsage(UsageTotals):
    """The sums of one model in one role and phase."""

    phase: str
    model: str
    role: Literal["student", "teacher", "proposer", "reflection", "metric", "other"]


class RunUsage(TypedDict):
    """What a run used, in total and by phase, model, role and currency."""

    total: UsageTotals
    items: list[ModelUsage]


class CandidateEnvelope(_Envelope):
    """A new candidate. Only what comes while watching is told: `Client.candidates` has all."""

    event_type: Literal["candidate"]
    data: NewCandidate


class EvaluationEnvelope(_Envelope):
    """A new evaluation. Only what comes while watching is told: `Client.evaluations` has all."""

    event_type: Literal["evaluation"]
    data: Evaluation


TrainingEvent = StatusEnvelope | LogEnvelope | GapEnvelope | CandidateEnvelope | EvaluationEnvelope
