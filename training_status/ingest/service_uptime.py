"""The service uptime, which tells a reporter's silence from an outage of the service.

Every serving process records every few seconds that it is running. When none could, because no process ran or the
database was unreachable, there is a gap. Silence before the gap may be the fault of the service.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

UPTIME_RECORD_INTERVAL_S: Final = 5.0
GAP_LIMIT: Final = timedelta(seconds=max(15.0, 3 * UPTIME_RECORD_INTERVAL_S))

# Raw SQL: one statement, because processes may record at the same moment. Clocks that differ by less than the gap limit
# advance together. A clock that has jumped in either direction starts a new interval, as after a gap.
_RECORD = """
    INSERT INTO training_status_servicepresence AS presence (id, since, seen_at)
    VALUES (1, %(now)s::timestamptz, %(now)s::timestamptz)
    ON CONFLICT (id) DO UPDATE SET
           since = CASE WHEN abs(extract(epoch FROM excluded.seen_at - presence.seen_at)::float8) <= %(gap_s)s::float8
                        THEN presence.since ELSE excluded.seen_at END,
           seen_at = CASE WHEN abs(extract(epoch FROM excluded.seen_at - presence.seen_at)::float8) <= %(gap_s)s::float8
                          THEN greatest(presence.seen_at, excluded.seen_at) ELSE excluded.seen_at END
"""


def record_uptime(now: datetime) -> None:
    """Record that a serving process runs at `now`. The uptime restarts if the last record is too old."""
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, {"now": now, "gap_s": GAP_LIMIT.total_seconds()})


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
