"""Times and durations as clients see them: UTC, ISO 8601 with `Z`, no fraction when it is zero."""

from datetime import UTC, datetime


def utc_text(moment: datetime | None) -> str | None:
    """`2026-01-20T15:05:00Z`; None stays None."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def milliseconds_between(start: datetime | None, end: datetime) -> int | None:
    """Whole milliseconds from start to end, never negative; None before there is a start."""
    return None if start is None else max(0, int((end - start).total_seconds() * 1000))
