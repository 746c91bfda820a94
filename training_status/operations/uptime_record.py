"""Recording the service uptime, which `ingest.service_uptime` reads.

Every serving process records every few seconds that it is running. When none could, because no process ran or the
database was unreachable, there is a gap. Silence before the gap may be the fault of the service.
"""

from datetime import datetime

from django.db import connection

from training_status.ingest.service_uptime import GAP_LIMIT

# Raw SQL: one statement, because processes may record at the same moment. Clocks that differ by less than the gap limit
# advance together. A clock that has jumped in either direction starts a new interval, as after a gap.
_NOTE = """
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
        cursor.execute(_NOTE, {"now": now, "gap_s": GAP_LIMIT.total_seconds()})
