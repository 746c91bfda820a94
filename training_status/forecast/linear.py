"""The estimate that clients rely on: the pace so far goes on (CONTRACT, `estimated_completion`)."""

from datetime import datetime, timedelta


def linear_completion(*, now: datetime, elapsed_ms: float, percent: float) -> datetime | None:
    """`now + (elapsed_ms / percent) * (100 - percent)`; None at 0 % and beyond the calendar's end."""
    if percent <= 0:
        return None
    try:
        return now + timedelta(milliseconds=elapsed_ms / percent * (100 - percent))
    except OverflowError:
        return None
