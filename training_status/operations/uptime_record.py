"""Noting that the service can be reached; `ingest.reachable` tells for how long.

Serving processes note every few seconds that they are there. Where nobody could, because no process ran or the
database was away, there is a gap, and whoever was silent until then may have had nobody to report to.
"""

from datetime import datetime

from django.db import connection

from training_status.ingest.service_uptime import GAP_LIMIT

# Raw: one statement for all processes, which may note at the same moment. Clocks that differ by less than the gap
# limit go forward together; one that has jumped, in either direction, begins anew like a gap.
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
    """A serving process is there at `now`: seen without a gap since `since`, which is `now` after one."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, {"now": now, "gap_s": GAP_LIMIT.total_seconds()})
