"""Reading the earlier runs that a forecast learns from: completed runs of the domain, else of other domains."""

import math
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from training_status.forecast import parameters
from training_status.forecast.calibration import Guess, ScoredMark, calibrate
from training_status.forecast.expectation import Expectation, RunTimes, of_other_domains, of_same_domain
from training_status.forecast.learned import Learned
from training_status.jsonb import from_jsonb
from training_status.phases import PHASE_NAMES
from training_status.run_states import COMPLETED

_TIMES: Final = """
    (SELECT jsonb_object_agg(timing.phase, jsonb_build_array(
                extract(epoch FROM timing.ended_at - timing.started_at)::float8,
                extract(epoch FROM timing.middle_at - timing.started_at)::float8, timing.middle_fraction))
       FROM training_status_phasetiming timing WHERE timing.run_id = run.id AND timing.ended_at IS NOT NULL)
"""
# Raw SQL: one query reads the runs with their phase times and forecast marks. The index on completed runs finds the
# newest.
_OF_DOMAIN: Final = f"""
    SELECT run.llm_model IS NOT DISTINCT FROM this.llm_model AND run.optimizer IS NOT DISTINCT FROM this.optimizer,
           this.sample_count, run.sample_count, {_TIMES},
           (SELECT jsonb_agg(jsonb_build_array(
                       mark.linear_left_s, mark.linear_sigma, mark.learned_left_s, mark.learned_sigma,
                       extract(epoch FROM run.ended_at - mark.forecast_at)::float8))
              FROM training_status_forecastmark mark WHERE mark.run_id = run.id)
      FROM training_status_trainingrun this,
           LATERAL (SELECT id, run_number, llm_model, optimizer, sample_count, ended_at
                      FROM training_status_trainingrun
                     WHERE domain_id = this.domain_id AND state = '{COMPLETED}'
                     ORDER BY run_number DESC LIMIT {parameters.RUNS_CONSIDERED}) AS run
     WHERE this.id = %s
     ORDER BY run.run_number
"""
# A bounded number of the newest completed runs of other domains, a few of each. Only runs with the same optimiser,
# because the shares of time depend on it.
_OF_OTHERS: Final = f"""
    SELECT run.domain_id, {_TIMES}
      FROM (SELECT newest.id, newest.domain_id,
                   row_number() OVER (PARTITION BY newest.domain_id ORDER BY newest.id DESC) AS place
              FROM (SELECT id, domain_id, optimizer FROM training_status_trainingrun
                     WHERE state = '{COMPLETED}' AND failure_reason IS NULL
                     ORDER BY id DESC LIMIT {parameters.OTHER_RUNS_CONSIDERED}) AS newest,
                   training_status_trainingrun AS this
             WHERE this.id = %s AND newest.domain_id <> this.domain_id
               AND newest.optimizer IS NOT DISTINCT FROM this.optimizer) AS run
     WHERE run.place <= {parameters.OTHER_RUNS_PER_DOMAIN}
     ORDER BY run.id DESC LIMIT {parameters.OTHER_RUNS_MAX}
"""


def learn(run_id: int) -> Learned:
    """Learn from earlier runs for this run. One query, and a second one if the domain has no usable runs."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_DOMAIN, (run_id,))
        rows = cursor.fetchall()
    calibration = calibrate([_scored(from_jsonb(marks) or []) for *_, marks in rows[-parameters.RUNS_MAX :]])
    return Learned(_of_domain(rows) or _of_others(run_id), calibration)


def _of_others(run_id: int) -> Expectation | None:
    with connection.cursor() as cursor:
        cursor.execute(_OF_OTHERS, (run_id,))
        rows = cursor.fetchall()
    runs = [_run_times(from_jsonb(times), None) for _, times in rows]
    return of_other_domains(runs, domains=len({domain_id for domain_id, _ in rows}))


def _of_domain(rows: Sequence[tuple[Any, ...]]) -> Expectation | None:
    if not rows:
        return None
    runs = [(is_same, _run_times(from_jsonb(times), sample_count)) for is_same, _, sample_count, times, _ in rows]
    same = [run for is_same, run in runs if is_same]
    return of_same_domain(same or [run for _, run in runs], rows[-1][1], is_new=not same)


def _run_times(times: dict[str, list[float | None]] | None, sample_count: int | None) -> RunTimes:
    by_phase = [(times or {}).get(name, [None, None, None]) for name in PHASE_NAMES]
    return RunTimes(
        tuple(seconds for seconds, _, _ in by_phase), tuple(_first_half(*one) for one in by_phase), sample_count
    )


def _first_half(seconds: float | None, middle_s: float | None, fraction: float | None) -> float | None:
    """The part of a phase's time that its first half took, by the first report at or after the half."""
    if not seconds or not middle_s or not fraction or not (0 < middle_s < seconds) or fraction >= 1:
        return None
    return float((middle_s / seconds) ** (math.log(0.5) / math.log(fraction)))


def _scored(marks: list[list[float | None]]) -> list[ScoredMark]:
    scored = []
    for linear_s, linear_sigma, learned_s, learned_sigma, actual_s in marks:
        assert linear_s is not None
        assert linear_sigma is not None
        assert actual_s is not None
        learned = None if learned_s is None or learned_sigma is None else Guess(learned_s, learned_sigma)
        scored.append(ScoredMark(Guess(linear_s, linear_sigma), learned, actual_s))
    return scored
