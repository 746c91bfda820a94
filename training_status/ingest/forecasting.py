"""A forecast for a run that moves on: made where its events are stored, so that who reads it has only to count down."""

from datetime import datetime
from typing import Final

from django.db import connection

from training_status import run_states
from training_status.forecast.earlier_runs import learn
from training_status.forecast.learned import Learned
from training_status.forecast.stored_estimate import Mark, as_json, is_due, learned_from_json, next_estimate
from training_status.forecast.time_left import Course
from training_status.ingest.run_state_machine import RunStateMachine
from training_status.phases import PHASE_NAMES, PHASES, phase_position

# Raw SQL, as all of the path of an event.
_LEARNED: Final = "SELECT learned FROM training_status_runforecast WHERE run_id = %s"
_PHASES: Final = "SELECT phase, started_at, ended_at FROM training_status_phasetiming WHERE run_id = %s"
_KEEP: Final = """
    INSERT INTO training_status_runforecast AS kept (run_id, learned, estimate) VALUES (%s, %s::jsonb, %s::jsonb)
    ON CONFLICT (run_id) DO UPDATE SET estimate = excluded.estimate
"""
_KEEP_MARK: Final = """
    INSERT INTO training_status_forecastmark (
           run_id, percent, forecast_at, method, based_on_runs, left_s, low_s, high_s,
           linear_left_s, linear_sigma, learned_left_s, learned_sigma)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (run_id, percent) DO NOTHING
"""


def store_forecast(course: RunStateMachine) -> None:
    """Make and store the estimate of a run that has moved on, where one is due; under the run's lock.

    What earlier runs teach is asked for once a run, with its first estimate.
    """
    at, percent = course.moved_at, course.progress_percent
    if at is None or course.state != run_states.RUNNING or not is_due(course.estimate, at=at, percent=percent):
        return
    assert course.started_at is not None
    learned = _learned(course.id)
    elapsed_s = (at - course.started_at).total_seconds()
    made = next_estimate(
        learned, _course_so_far(course, at), elapsed_s=elapsed_s, at=at, percent=percent, last=course.estimate
    )
    if made is None:
        return
    course.estimate, mark = made
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, (course.id, as_json(learned), as_json(course.estimate)))
        if mark is not None:
            cursor.execute(_KEEP_MARK, _columns(course.id, mark))


def _learned(run_id: int) -> Learned:
    with connection.cursor() as cursor:
        cursor.execute(_LEARNED, (run_id,))
        row = cursor.fetchone()
    kept = None if row is None else learned_from_json(row[0])
    return learn(run_id) if kept is None else kept


def _course_so_far(course: RunStateMachine, at: datetime) -> Course:
    assert course.phase_started_at is not None
    with connection.cursor() as cursor:
        cursor.execute(_PHASES, (course.id,))
        seconds = {phase: (ended_at - started_at).total_seconds() for phase, started_at, ended_at in cursor if ended_at}
    place = phase_position(course.current_phase)
    phase = PHASES[place]
    fraction = (course.progress_percent - phase.start) / (phase.end - phase.start)
    return Course(
        [seconds.get(name, 0.0) for name in PHASE_NAMES[:place]],
        place,
        min(1.0, max(0.0, fraction)),
        max(0.0, (at - course.phase_started_at).total_seconds()),
    )


def _columns(run_id: int, mark: Mark) -> tuple[int | float | str | datetime | None, ...]:
    kept = mark.estimate
    return (
        run_id,
        mark.percent,
        kept.at,
        kept.made.method,
        kept.made.based_on_runs,
        kept.made.left_s,
        mark.low_s,
        mark.high_s,
        *mark.linear,
        *(mark.learned or (None, None)),
    )
