"""Storing the forecast of a run: computed when events are stored, so that readers only have to count down."""

from datetime import datetime
from typing import Final

from django.db import connection

from training_status import run_states
from training_status.forecast.earlier_runs import learn
from training_status.forecast.learned import Learned
from training_status.forecast.stored_estimate import Mark, as_json, is_due, learned_from_json, next_estimate
from training_status.forecast.time_left import RunProgress
from training_status.ingest.run_state_machine import RunStateMachine
from training_status.ingest.usage_forecasting import update_usage_forecast
from training_status.phases import PHASE_NAMES

# Raw SQL, like all statements on the path of an event.
_LEARNED: Final = "SELECT learned FROM training_status_runforecast WHERE run_id = %s"
_PHASES: Final = "SELECT phase, started_at, ended_at FROM training_status_phasetiming WHERE run_id = %s"
_STORE_ESTIMATE: Final = """
    INSERT INTO training_status_runforecast AS forecast (run_id, learned, estimate) VALUES (%s, %s::jsonb, %s::jsonb)
    ON CONFLICT (run_id) DO UPDATE SET estimate = excluded.estimate
"""
_STORE_MARK: Final = """
    INSERT INTO training_status_forecastmark (
           run_id, percent, forecast_at, method, based_on_runs, left_s, low_s, high_s,
           linear_left_s, linear_sigma, learned_left_s, learned_sigma)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (run_id, percent) DO NOTHING
"""


def store_forecasts(run: RunStateMachine) -> None:
    """Compute and store the next forecasts of a running run, where they are due, under the run's lock.

    That of the time left is due when the run has made progress, and that of cost and tokens also when usage was
    reported. Phase times and usage are stored already; the run's row, which has the latter forecast, is not.
    """
    if run.state != run_states.RUNNING:
        run.usage_estimate = {}
        return
    before = run.estimate
    mark = _store_estimate(run)
    if run.estimate is not None and run.usage and (run.usage_sums or run.estimate is not before):
        update_usage_forecast(run, percent=mark)


def _store_estimate(run: RunStateMachine) -> int | None:
    """Store the next estimate of the time left, if one is due. Return the mark that it reached.

    The earlier runs are read once for each run, with its first estimate.
    """
    at, percent = run.progressed_at, run.progress_percent
    if at is None or not is_due(run.estimate, at=at, percent=percent):
        return None
    assert run.started_at is not None
    learned = _learned(run.id)
    elapsed_s = (at - run.started_at).total_seconds()
    made = next_estimate(
        learned, _run_progress(run, at), elapsed_s=elapsed_s, at=at, percent=percent, last=run.estimate
    )
    if made is None:
        return None
    run.estimate, mark = made
    with connection.cursor() as cursor:
        cursor.execute(_STORE_ESTIMATE, (run.id, as_json(learned), as_json(run.estimate)))
        if mark is not None:
            cursor.execute(_STORE_MARK, _columns(run.id, mark))
    return None if mark is None else mark.percent


def _learned(run_id: int) -> Learned:
    with connection.cursor() as cursor:
        cursor.execute(_LEARNED, (run_id,))
        row = cursor.fetchone()
    stored = None if row is None else learned_from_json(row[0])
    return learn(run_id) if stored is None else stored


def _run_progress(run: RunStateMachine, at: datetime) -> RunProgress:
    assert run.phase_started_at is not None
    with connection.cursor() as cursor:
        cursor.execute(_PHASES, (run.id,))
        seconds = {phase: (ended_at - started_at).total_seconds() for phase, started_at, ended_at in cursor if ended_at}
    place, fraction = run.place_in_phases
    return RunProgress(
        [seconds.get(name, 0.0) for name in PHASE_NAMES[:place]],
        place,
        fraction,
        max(0.0, (at - run.phase_started_at).total_seconds()),
    )


def _columns(run_id: int, mark: Mark) -> tuple[int | float | str | datetime | None, ...]:
    stored = mark.estimate
    return (
        run_id,
        mark.percent,
        stored.at,
        stored.made.method,
        stored.made.based_on_runs,
        stored.made.left_s,
        mark.low_s,
        mark.high_s,
        *mark.linear,
        *(mark.learned or (None, None)),
    )
