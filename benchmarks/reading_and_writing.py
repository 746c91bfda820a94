"""Reading and writing inside one process: what a request costs beside a bare query, and a page wherever it is.

Makes its own database under a temporary data folder and removes it.
"""

import os
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

LINES = 1_000_000
BATCH = 1000


def main() -> None:
    """Fill a log with a million lines and measure."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from rest_framework.test import APIClient
    from table import median_ms, report

    from tests.support.factories import DomainFactory, TrainingRunFactory
    from training_status.access.tokens import create_token
    from training_status.ingest.batch import Batch, LogEvent, PhaseEvent, ProgressEvent
    from training_status.ingest.events import record_events
    from training_status.models import RunForecast, TrainingRun
    from training_status.phases import PHASE_NAMES

    call_command("migrate", verbosity=0)
    run = TrainingRunFactory(domain=DomainFactory(name="large"), run_number=1, running=True)
    short = TrainingRunFactory(domain=DomainFactory(name="short"), run_number=1, running=True)
    for filled, count in ((run, LINES), (short, 1000)):
        with connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO training_status_traininglogentry (run_id, seq, "timestamp", level, message)'
                " SELECT %s, n, now(), 20, 'Trial ' || n || ' of many: entity F1 0.71' FROM generate_series(1, %s) n",
                (filled.id, count),
            )
        TrainingRun.objects.filter(id=filled.id).update(last_seq=count, info_count=count)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE training_status_traininglogentry")

    _, token = create_token("benchmark", "viewer")
    client = APIClient(SERVER_NAME="localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def get(path: str) -> None:
        assert client.get(f"/api/v1/admin/domains/{path}").status_code == 200

    def bare_query() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    one = median_ms(lambda: get("short/training-logs?page=1"), 300)
    rows = []
    for name, path in [
        ("1,000 lines, first page", "short/training-logs?page=1"),
        ("1,000 lines, last page", "short/training-logs?page=50"),
        ("1,000,000 lines, first page", "large/training-logs?page=1"),
        ("1,000,000 lines, page in the middle", "large/training-logs?page=25000"),
        ("1,000,000 lines, last page", "large/training-logs?page=50000"),
        ("status of the run with 1,000,000 lines", "large/training-status"),
    ]:
        taken = median_ms(partial(get, path), 300)
        rows.append((name, f"{taken:.2f}", f"{taken / one:.2f}"))
    told = TrainingRunFactory(domain=DomainFactory(name="told"), run_number=1)
    untold = TrainingRunFactory(domain=DomainFactory(name="untold"), run_number=1)
    for begun in (told, untold):
        events = [PhaseEvent(n=1, phase=PHASE_NAMES[2]), ProgressEvent(n=2, fraction=0.5)]
        record_events(begun.public_id, Batch(events=list(events)))
    RunForecast.objects.filter(run=untold).delete()
    taken_ms: dict[str, list[float]] = {"untold": [], "told": []}
    for _ in range(10):  # in turn: the machine is not always as fast
        for name, all_taken in taken_ms.items():
            all_taken.append(median_ms(partial(get, f"{name}/training-status"), 100))
    for name, label in (("untold", "status of a run without a forecast"), ("told", "status of a run with a forecast")):
        rows.append((label, f"{(taken := statistics.median(taken_ms[name])):.2f}", f"{taken / one:.2f}"))
    rows.append(("a bare SELECT 1 through Django", f"{(bare := median_ms(bare_query, 300)):.2f}", f"{bare / one:.2f}"))
    report("reading", "Reading over HTTP, in the process (page size 20)", ("what", "median ms", "to the first"), rows)

    numbers = iter(range(1, 10_000_000))
    rows = []
    for size in (1, 10, 100, BATCH):

        def send(size: int = size) -> None:
            events = [LogEvent(n=next(numbers), level="INFO", message="trial 7 of 10") for _ in range(size)]
            record_events(short.public_id, Batch(events=list(events)))

        taken = median_ms(send, 50)
        rows.append((size, f"{taken:.2f}", f"{taken / size * 1000:.0f}", f"{size / taken * 1000:,.0f}"))
    report(
        "writing", "Recording a batch of log events", ("events", "median ms", "µs an event", "events a second"), rows
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as data_dir:
        os.environ.update(AEGIS_DATA_DIR=data_dir, DJANGO_SETTINGS_MODULE="aegis_training.settings")
        main()
