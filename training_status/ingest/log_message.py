"""Checking the arguments of `append_training_log_message`, which come from Python code and not from JSON."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from training_status.errors import InvalidInput
from training_status.ingest.batch import MESSAGE_MAX_BYTES, STEP_MAX_CHARACTERS, check_level, check_metrics, check_time
from training_status.ingest.json_input import refuse_larger, refuse_unstorable


def read_time(timestamp: datetime | str) -> datetime:
    """A time with its offset. One without an offset counts as UTC. Raises InvalidInput for other text."""
    if isinstance(timestamp, str):
        try:
            timestamp = datetime.fromisoformat(timestamp)
        except ValueError as error:
            raise InvalidInput("timestamp is not valid: expected an ISO 8601 time.", field="timestamp") from error
    elif not isinstance(timestamp, datetime):
        raise InvalidInput("timestamp must be a datetime or an ISO 8601 time.", field="timestamp")
    with_offset = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    check_time(with_offset, field="timestamp")
    return with_offset


def check_log_message(level: str, message: str, step: str | None, metrics: Mapping[str, Any] | None) -> None:
    """Raise InvalidInput for what `POST …/events` would refuse as a `log` event."""
    if not isinstance(level, str):
        raise InvalidInput("level must be text.", field="level")
    check_level(level, field="level")
    _check_text(message, field="message")
    refuse_larger(message, MESSAGE_MAX_BYTES, field="message")
    if step is not None:
        _check_text(step, field="step")
        if len(step) > STEP_MAX_CHARACTERS:
            raise InvalidInput(
                f"step has {len(step)} characters; at most {STEP_MAX_CHARACTERS} are allowed.", field="step"
            )
    if metrics is not None:
        _check_metric_types(metrics)
        check_metrics(dict(metrics), field="metrics")


def _check_metric_types(metrics: Mapping[str, Any]) -> None:
    """What JSON cannot hold, and so never comes with an event."""
    if not isinstance(metrics, Mapping):
        raise InvalidInput("metrics must be an object.", field="metrics")
    for name, value in metrics.items():
        _check_text(name, field="metrics")
        field = f"metrics.{name}"
        if isinstance(value, str):
            _check_text(value, field=field)
        elif isinstance(value, float) and not math.isfinite(value):
            raise InvalidInput(f"{field} must be a finite number.", field=field)
        elif not isinstance(value, bool | int | float | None):
            raise InvalidInput(f"{field} must be null, true or false, text or a number.", field=field)


def _check_text(text: str, *, field: str) -> None:
    if not isinstance(text, str):
        raise InvalidInput(f"{field} must be text.", field=field)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{field} contains a lone surrogate, which cannot be stored.", field=field) from error
    refuse_unstorable(text, field=field)
