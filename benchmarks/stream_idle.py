"""What viewers cost who are only there: memory, and connections to the database."""

from served_project import serving
from stream_latency import FACES
from stream_subjects import make_subjects, make_token
from stream_viewers import view
from table import report
from worker import working

VIEWERS = 3000
RUNS = 100
FEW = 100
LIMIT_KB = 64
QUIET_S = 15.0


def main() -> None:
    """Both faces, each in a new serving process."""
    rows, all_within = [], True
    subjects, token = make_subjects(RUNS), make_token()
    for face, request in FACES.items():
        requests = [request(subjects[number % RUNS].domain, token) for number in range(VIEWERS)]
        with serving() as server, working(view, server.port) as viewers:
            viewers.ask("open", requests[:FEW])  # what is made once is made now
            viewers.ask("close")
            memory_before, connections_before = server.memory_kb(), other_connections()
            viewers.ask("open", requests)
            viewers.ask("receipts", 1, QUIET_S)  # nothing comes but signs of life
            each = (server.memory_kb() - memory_before) / VIEWERS
            connections = other_connections()
        all_within = all_within and each <= LIMIT_KB and connections - connections_before < VIEWERS // 100
        rows.append((face, f"{memory_before / 1024:.0f}", f"{each:.1f}", connections_before, connections))
    head = ("face", "MB without viewers", "KB a viewer", "database connections without", "with viewers")
    title = f"{VIEWERS:,} idle viewers of {RUNS} runs"
    verdict = f"within {LIMIT_KB} KB and no connection a viewer: {'yes' if all_within else 'NO'}"
    report("streams_idle", title, head, rows, verdict)


def other_connections() -> int:
    """How many connections to the database there are beside this process's own: the serving process's."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        (others,) = cursor.fetchone()
    return int(others)
