"""Since when the service can be reached: what tells a reporter's silence from the service's own absence.

Serving processes note every few seconds that they are there. Where nobody could, because no process ran or the
database was away, there is a gap, and whoever was silent until then may have had nobody to report to.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

SEEN_EVERY_S: Final = 5.0
GAP_LIMIT: Final = timedelta(seconds=max(15.0, 3 * SEEN_EVERY_S))

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


def note_presence(now: datetime) -> None:
    """A serving process is there at `now`: seen without a gap since `since`, which is `now` after one."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, {"now": now, "gap_s": GAP_LIMIT.total_seconds()})


def reachable_s(now: datetime) -> float:
    """For how many seconds the service has been reachable without a gap; 0.0 where nobody has seen it just now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT since, seen_at FROM training_status_servicepresence WHERE id = 1")
        row = cursor.fetchone()
    if row is None:
        return 0.0
    since, seen_at = row
    if abs(now - seen_at) > GAP_LIMIT:
        return 0.0
    return max(0.0, (now - since).total_seconds())
