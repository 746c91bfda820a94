"""The admin's pages with many runs and a long log, inside one process: what a request costs.

Makes its own database under a temporary data folder and removes it. `--runs` and `--entries` choose a smaller size.
"""

import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

DOMAINS = 2_000
REQUESTS = 30
TARGET_MS = 100
RUNS, ENTRIES = 100_000, 20_000_000

_DOMAINS = """
    INSERT INTO training_status_domain (name, description, llm_model, last_run_number, created_at)
    SELECT 'domain_' || n, 'A domain made for a benchmark.', 'qwen3:32b', %(runs)s / %(domains)s, now()
      FROM generate_series(0, %(domains)s - 1) n
"""
# One run in a hundred goes on, one in fifty has failed; a tag and a note are rare.
_RUNS = """
    INSERT INTO training_status_trainingrun (
           public_id, domain_id, run_number, llm_model, optimizer, config, tags, note, state, failure_reason,
           end_reported, current_phase, phase_started_at, progress_percent, metrics, error_message, created_at,
           started_at, ended_at, last_report_at, last_event_at, last_n, first_seq, last_seq, debug_count, info_count,
           warning_count, error_count, critical_count)
    SELECT gen_random_uuid(), domain.id, n / %(domains)s + 1, 'qwen3:32b', 'miprov2', '{"trials": 40, "seed": 7}',
           CASE WHEN n %% 500 = 0 THEN '["nightly"]'::jsonb ELSE '[]' END,
           CASE WHEN n %% 700 = 0 THEN 'took the old prompts' ELSE '' END,
           state, CASE state WHEN 'failed' THEN 'error' END, state <> 'running', 'model_validation', started_at,
           CASE state WHEN 'completed' THEN 100.0 ELSE 87.5 END, '{"entity_f1": 0.87, "relation_f1": 0.81}', NULL,
           started_at, started_at, CASE WHEN state <> 'running' THEN started_at + interval '40 min' END,
           started_at + interval '40 min', started_at + interval '40 min', 0, 1, 0, 0, 0, 0, 0, 0
      FROM (SELECT n, now() - (%(runs)s - n) * interval '5 min' AS started_at,
                   CASE WHEN n %% 100 = 99 THEN 'running' WHEN n %% 50 = 3 THEN 'failed' ELSE 'completed' END AS state
              FROM generate_series(0, %(runs)s - 1) n) AS made
      JOIN training_status_domain AS domain ON domain.name = 'domain_' || n %% %(domains)s
     ORDER BY n
"""
# A quarter of the entries belong to one run, the others to all.
_ENTRIES = """
    INSERT INTO training_status_traininglogentry (run_id, seq, "timestamp", level, message)
    SELECT run.id, n, now(), 20, 'Trial ' || n || ' of many: entity F1 0.71'
      FROM (SELECT id, CASE id WHEN (SELECT max(id) FROM training_status_trainingrun) THEN %(entries)s / 4
                               ELSE %(entries)s * 3 / 4 / %(runs)s END AS length
              FROM training_status_trainingrun) AS run, generate_series(1, run.length) n
"""
_COUNTS = """
    UPDATE training_status_trainingrun AS run SET last_seq = kept.length, info_count = kept.length
      FROM (SELECT run_id, count(*) AS length FROM training_status_traininglogentry GROUP BY run_id) AS kept
     WHERE kept.run_id = run.id
"""


def main(runs: int, entries: int) -> None:
    """Fill the tables by SQL, and measure each page."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from table import median_ms, report

    from training_status.admin.bounded_list import COUNTED_MAX
    from training_status.models import TrainingRun

    call_command("migrate", verbosity=0)
    sizes = {"domains": DOMAINS, "runs": runs, "entries": entries}
    with connection.cursor() as cursor:
        for statement in (_DOMAINS, _RUNS, _ENTRIES, _COUNTS):
            cursor.execute(statement, sizes)
        cursor.execute("VACUUM ANALYZE")

    browser = Client(SERVER_NAME="localhost")
    browser.force_login(User.objects.create_superuser("benchmark"))
    longest = TrainingRun.objects.order_by("-last_seq").values_list("id", "public_id").first()
    assert longest is not None

    def get(path: str) -> None:
        assert browser.get(f"/admin/training_status/{path}").status_code == 200

    rows, slowest = [], 0.0
    for name, path in [
        ("runs, the first page", "trainingrun/"),
        ("runs, the furthest page", f"trainingrun/?p={min(runs, COUNTED_MAX) // 50}"),
        ("runs of one domain", "trainingrun/?of_domain=domain_7"),
        ("runs that failed", "trainingrun/?shown=failed"),
        ("runs that stalled", "trainingrun/?health=stalled"),
        ("runs of one domain that are lost: none", "trainingrun/?of_domain=domain_7&health=lost"),
        ("runs of the last 7 days", "trainingrun/?started=7"),
        ("search: an id", f"trainingrun/?q={longest[1]}"),
        ("search: in names of many domains", "trainingrun/?q=domain_1"),
        ("search: a tag", "trainingrun/?q=nightly"),
        ("search: words of a note", "trainingrun/?q=old+prompts"),
        ("search: nothing found", "trainingrun/?q=nowhere"),
        ("domains, the first page", "domain/"),
        ("domains whose last run has failed", "domain/?shown=failed"),
        (f"the page of the run with {entries // 4:,} lines", f"trainingrun/{longest[0]}/change/"),
    ]:
        taken = median_ms(partial(get, path), REQUESTS)
        slowest = max(slowest, taken)
        rows.append((name, f"{taken:.1f}"))
    report(
        "admin",
        f"The admin with {runs:,} runs of {DOMAINS:,} domains and {entries:,} log entries, in the process",
        ("what", "median ms"),
        rows,
        f"Target: each under {TARGET_MS} ms. The slowest: {slowest:.1f} ms.",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as data_dir:
        os.environ.update(AEGIS_DATA_DIR=data_dir, DJANGO_SETTINGS_MODULE="aegis_training.settings")
        main(given.runs, given.entries)
