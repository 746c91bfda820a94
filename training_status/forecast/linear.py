"""The linear estimate (`estimated_completion` in the contract): the pace so far continues."""

from datetime import datetime, timedelta


def linear_completion(*, now: datetime, elapsed_ms: float, percent: float) -> datetime | None:
    """Return `now + (elapsed_ms / percent) * (100 - percent)`; None at 0 % and for a time beyond the year 9999."""
    if percent <= 0:
        return None
    try:
        return now + timedelta(milliseconds=elapsed_ms / percent * (100 - percent))
    except OverflowError:
        return None
