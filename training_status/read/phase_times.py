"""When the phases of runs began and ended."""

from collections.abc import Sequence

from django.db import connection

from training_status.read.run_facts import PhaseTime, RunFacts

_TIMES = """
    SELECT run_id, phase, started_at, ended_at FROM training_status_phasetiming
     WHERE run_id = ANY(%s) ORDER BY run_id, started_at, id
"""


def with_phase_times(runs: Sequence[RunFacts]) -> Sequence[RunFacts]:
    """The same runs, each with the times of its phases. One query however many."""
    by_id = {run.id: run for run in runs}
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, (list(by_id),))
        rows = cursor.fetchall()
    for run_id, *times in rows:
        by_id[run_id].phase_times.append(PhaseTime(*times))
    return runs
