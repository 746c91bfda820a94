"""The service uptime, which tells a reporter's silence from an outage of the service."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

UPTIME_RECORD_INTERVAL_S: Final = 5.0
GAP_LIMIT: Final = timedelta(seconds=max(15.0, 3 * UPTIME_RECORD_INTERVAL_S))


def uptime_s(now: datetime) -> float:
    """Return for how many seconds the service has been reachable without a gap; 0.0 if it is not known to be now."""
    return _uptime_s(now) or 0.0


def may_have_been_down(now: datetime, for_s: float) -> bool:
    """Whether the service may have been unreachable at some time within the last `for_s` seconds.

    Return False if no process has ever recorded its uptime: then nothing is known of outages.
    """
    reachable = _uptime_s(now)
    return reachable is not None and reachable < for_s


def _uptime_s(now: datetime) -> float | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT since, seen_at FROM training_status_servicepresence WHERE id = 1")
        row = cursor.fetchone()
    if row is None:
        return None
    since, seen_at = row
    if abs(now - seen_at) > GAP_LIMIT:
        return 0.0
    return max(0.0, (now - since).total_seconds())
