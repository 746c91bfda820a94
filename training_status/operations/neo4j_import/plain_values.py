"""Making values storable: text, times, numbers and metrics. Nothing here raises.

The limits are those for reporters. NUL characters and lone surrogates become U+FFFD, as in the tracker.
"""

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from training_status.ingest.batch import METRICS_MAX_BYTES
from training_status.ingest.json_input import DOUBLE_MAX

REPLACEMENT: Final = "\ufffd"
Metrics = dict[str, str | int | float | bool | None]

_ZONE_NAME = re.compile(r"\[[^\]]*\]$")  # of Java's ZonedDateTime, behind its offset


def plain_text(value: str) -> str:
    """The text without NUL characters and lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value.replace("\0", REPLACEMENT)


def cut_text(text: str, max_bytes: int) -> str:
    """At most so many bytes of the text, which is plain; a longer one says at its end how long it was."""
    if len(text) * 4 <= max_bytes:
        return text
    data = text.encode()
    if len(data) <= max_bytes:
        return text
    marker = f"… [cut: {len(text):,} characters in all]"
    return data[: max_bytes - len(marker.encode())].decode(errors="ignore") + marker


def shown(value: Any) -> str:
    """A value in a sentence: a text as it is, anything else as Python writes it."""
    return cut_text(plain_text(value if isinstance(value, str) else repr(value)), 400)


def json_text(value: Any) -> str:
    """The JSON of a value that is no text."""
    return plain_text(msgspec.json.encode(storable(value)).decode())


def read_time(value: Any, now: datetime) -> datetime | None:
    """A time as APOC and the system before write it; one without an offset is UTC. None for others and the future.

    APOC writes what Java does: `2025-12-05T14:30Z`, nine digits of a fraction, `+01:00[Europe/Berlin]`.
    """
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(_ZONE_NAME.sub("", value.strip()))
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if time <= now else None


def read_number(value: Any) -> float | None:
    """A finite number, also from text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_percent(value: Any) -> tuple[float | None, bool]:
    """A percentage, and whether it is as it was written: one out of range becomes 0 or 100."""
    number = read_number(value)
    if number is None:
        return None, value is None
    percent = min(100.0, max(0.0, number))
    return percent, percent == number


def read_json_object(value: Any) -> dict[str, Any] | None:
    """The object that a property contains as JSON text; None for anything else."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def plain_metrics(metrics: dict[Any, Any], max_bytes: int = METRICS_MAX_BYTES) -> tuple[Metrics, bool]:
    """Metrics that can be stored, and whether they are as they were.

    A list or an object becomes its JSON text and a number that is not finite null. What exceeds the limit is left out.
    """
    plain = {plain_text(str(name)): _plain_metric(value) for name, value in metrics.items()}
    kept: Metrics = plain
    if len(msgspec.json.encode(plain)) > max_bytes:
        kept, room = {}, max_bytes - 2
        for name, value in plain.items():
            room -= len(msgspec.json.encode({name: value}))
            if room < 0:
                break
            kept[name] = value
    return kept, kept == metrics


def _plain_metric(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= DOUBLE_MAX else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return plain_text(value) if isinstance(value, str) else json_text(value)


def storable(value: Any, depth: int = 50) -> Any:
    """JSON without what cannot be stored; numbers beyond double precision become text, what is too deep an ellipsis."""
    if isinstance(value, dict):
        return {plain_text(str(key)): storable(item, depth - 1) for key, item in value.items()} if depth else "…"
    if isinstance(value, list):
        return [storable(item, depth - 1) for item in value] if depth else "…"
    if isinstance(value, str):
        return plain_text(value)
    return _plain_metric(value)
