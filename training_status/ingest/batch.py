"""The schema of a batch of events: fields and limits. Rules that need the run's state are in `events`."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from training_status.errors import InvalidInput, TooLarge
from training_status.ingest.declared_directions import HigherIsBetter, check_directions
from training_status.ingest.event_fields import Number, Time
from training_status.ingest.json_input import decode, refuse_larger, refuse_unstorable
from training_status.ingest.optimizer_events import OptimizerEvent, check_optimizer_event
from training_status.log_levels import LEVEL_NUMBERS
from training_status.phases import PHASE_NAMES

EVENTS_MAX: Final = 1000
MESSAGE_MAX_BYTES: Final = 64 * 1024
METRICS_MAX_BYTES: Final = 16 * 1024
RESULT_MAX_BYTES: Final = 1024 * 1024
STEP_MAX_CHARACTERS: Final = 200
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1, description="How much of the phase is done.")]
StepName = Annotated[str, msgspec.Meta(max_length=STEP_MAX_CHARACTERS)]
PhaseName = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(PHASE_NAMES)})]
Level = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(LEVEL_NUMBERS)})]
FailReason = Literal["error", "lost"]
Metrics = dict[str, Any]


class PhaseEvent(msgspec.Struct, tag="phase", forbid_unknown_fields=True, kw_only=True):
    """A phase begins. An event for an earlier phase only adds a log entry."""

    n: Number
    phase: PhaseName
    message: str | None = None
    timestamp: Time | None = None


class ProgressEvent(msgspec.Struct, tag="progress", forbid_unknown_fields=True, kw_only=True):
    """This fraction of the current phase is done."""

    n: Number
    fraction: Fraction
    message: str | None = None
    metrics: Metrics | None = None
    higher_is_better: HigherIsBetter | None = None
    timestamp: Time | None = None


class LogEvent(msgspec.Struct, tag="log", forbid_unknown_fields=True, kw_only=True):
    """A log entry; it does not change the run."""

    n: Number
    level: Level
    message: str
    step: StepName | None = None
    metrics: Metrics | None = None
    higher_is_better: HigherIsBetter | None = None
    timestamp: Time | None = None


class CompleteEvent(msgspec.Struct, tag="complete", forbid_unknown_fields=True, kw_only=True):
    """The training has succeeded."""

    n: Number
    message: str | None = None
    metrics: Metrics | None = None
    higher_is_better: HigherIsBetter | None = None
    result: dict[str, Any] | None = None
    timestamp: Time | None = None


class FailEvent(msgspec.Struct, tag="fail", forbid_unknown_fields=True, kw_only=True):
    """The training has failed. With reason `lost` its process is gone; a run that reports again resumes."""

    n: Number
    error: str
    reason: FailReason = "error"
    metrics: Metrics | None = None
    higher_is_better: HigherIsBetter | None = None
    timestamp: Time | None = None


Event = PhaseEvent | ProgressEvent | LogEvent | CompleteEvent | FailEvent | OptimizerEvent


class Batch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Events in the order they happened, from one reporter."""

    events: Annotated[list[Event], msgspec.Meta(extra_json_schema={"maxItems": EVENTS_MAX})]
    source: UUID | None = None
    sent_at: Time | None = None


def read_batch(raw: bytes) -> Batch:
    """Parse the body of a request as a batch. Raises InvalidInput or TooLarge for the first error found."""
    batch = decode(raw, Batch)
    if len(batch.events) > EVENTS_MAX:
        raise TooLarge(f"A batch has at most {EVENTS_MAX} events, not {len(batch.events)}.", code="too_many_events")
    check_time(batch.sent_at, field="sent_at")
    ended_at: int | None = None
    for position, event in enumerate(batch.events):
        field = f"events[{position}]"
        if ended_at is not None:
            raise InvalidInput(f"{field} comes after the end of the run in events[{ended_at}].", field=field)
        _check(event, field)
        if isinstance(event, CompleteEvent | FailEvent):
            ended_at = position
    return batch


def check_metrics(metrics: Metrics | None, *, field: str) -> None:
    """Raise InvalidInput unless all values are null, boolean, text or finite numbers, and at most 16 KiB in all."""
    if metrics:
        check_metric_values(metrics, field=field)
        refuse_larger(metrics, METRICS_MAX_BYTES, field=field)


def check_metric_values(metrics: Metrics, *, field: str) -> None:
    """Like `check_metrics`, without the limit of the size."""
    for name, value in metrics.items():
        if isinstance(value, dict | list):
            raise InvalidInput(
                f"{field}.{name} must be null, true or false, text or a number.", field=f"{field}.{name}"
            )
    refuse_unstorable(metrics, field=field)


def check_level(level: str, *, field: str) -> None:
    """Raise InvalidInput unless `level` is one of the five log levels."""
    if level not in LEVEL_NUMBERS:
        raise InvalidInput(f"{field} must be one of {', '.join(LEVEL_NUMBERS)}, not {level!r}.", field=field)


def check_time(time: datetime | None, *, field: str) -> None:
    """Raise InvalidInput for a time outside the years 1 to 9999 in UTC."""
    if time is None:
        return
    try:
        time.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput(f"{field} is outside the years 1 to 9999 in UTC.", field=field) from error


def _check(event: Event, field: str) -> None:
    """Check the limits that the types cannot express."""
    check_time(event.timestamp, field=f"{field}.timestamp")
    if isinstance(event, OptimizerEvent):
        check_optimizer_event(event, field=field)
        return
    if not isinstance(event, PhaseEvent):
        check_metrics(event.metrics, field=f"{field}.metrics")
        check_directions(event.higher_is_better, field=f"{field}.higher_is_better")
    text_field = "error" if isinstance(event, FailEvent) else "message"
    text: str = getattr(event, text_field) or ""
    if len(text) * 4 > MESSAGE_MAX_BYTES:  # a character has at most 4 bytes, so most texts need no exact count
        refuse_larger(text, MESSAGE_MAX_BYTES, field=f"{field}.{text_field}")
    if isinstance(event, PhaseEvent) and event.phase not in PHASE_NAMES:
        raise InvalidInput(
            f"{field}.phase must be one of {', '.join(PHASE_NAMES)}, not {event.phase[:100]!r}.", field=f"{field}.phase"
        )
    if isinstance(event, LogEvent):
        check_level(event.level, field=f"{field}.level")
    if isinstance(event, CompleteEvent) and event.result is not None:
        refuse_unstorable(event.result, field=f"{field}.result")
        refuse_larger(event.result, RESULT_MAX_BYTES, field=f"{field}.result")
