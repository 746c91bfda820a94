"""Reading the start and end of the phases of runs, and their expected durations."""

from collections.abc import Sequence

from django.db import connection

from training_status.forecast.learned import expected_phase_s
from training_status.forecast.stored_estimate import learned_from_json
from training_status.read.run_facts import PhaseTime, RunFacts

_TIMES = """
    SELECT run_id, phase, started_at, ended_at FROM training_status_phasetiming
     WHERE run_id = ANY(%s) ORDER BY run_id, started_at, id
"""
_LEARNED = "SELECT run_id, learned FROM training_status_runforecast WHERE run_id = ANY(%s)"


def with_phase_times(runs: Sequence[RunFacts]) -> Sequence[RunFacts]:
    """Add the actual and expected times of phases to the runs, and return them. Two queries for any number."""
    by_id = {run.id: run for run in runs}
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, (list(by_id),))
        rows = cursor.fetchall()
        cursor.execute(_LEARNED, (list(by_id),))
        learned = cursor.fetchall()
    for run_id, *times in rows:
        by_id[run_id].phase_times.append(PhaseTime(*times))
    for run_id, text in learned:
        learned = learned_from_json(text)
        by_id[run_id].expected_phase_s = None if learned is None else expected_phase_s(learned)
    return runs
