"""For how long the service can be reached: what tells a reporter's silence from the service's own absence."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

SEEN_EVERY_S: Final = 5.0
GAP_LIMIT: Final = timedelta(seconds=max(15.0, 3 * SEEN_EVERY_S))


def uptime_s(now: datetime) -> float:
    """For how many seconds the service has been reachable without a gap; 0.0 where nobody has seen it just now."""
    return _uptime_s(now) or 0.0


def may_have_been_down(now: datetime, for_s: float) -> bool:
    """Whether, within the last `for_s` seconds, a reporter may have had nobody to report to.

    Where no process has ever noted that it is there, nothing is known of absences, and none is supposed.
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
