"""Reading the accuracy of the forecasts of a domain's completed runs."""

from typing import Final, NamedTuple

from django.db import connection

from training_status.run_states import COMPLETED

RUNS_SCORED: Final = 100
ERROR_MAX: Final = 10.0  # ten times what happened; larger errors are clipped

# Raw SQL: an index finds the newest completed runs, and one pass aggregates by method and by mark.
_SCORES: Final = f"""
    SELECT mark.method, mark.percent, count(*), count(DISTINCT mark.run_id),
           avg(least(abs(mark.left_s / actual.s - 1), {ERROR_MAX})),
           avg(least(abs(mark.linear_left_s / actual.s - 1), {ERROR_MAX})),
           avg((actual.s BETWEEN mark.low_s AND mark.high_s)::int)::float8
      FROM (SELECT run.id, run.ended_at
              FROM training_status_domain domain JOIN training_status_trainingrun run ON run.domain_id = domain.id
             WHERE domain.name = %s AND run.state = '{COMPLETED}'
             ORDER BY run.run_number DESC LIMIT {RUNS_SCORED}) AS newest
      JOIN training_status_forecastmark mark ON mark.run_id = newest.id,
           LATERAL (SELECT extract(epoch FROM newest.ended_at - mark.forecast_at)::float8) AS actual(s)
     WHERE actual.s > 0
     GROUP BY GROUPING SETS ((mark.method), (mark.method, mark.percent))
     ORDER BY mark.method, mark.percent NULLS FIRST
"""


class Score(NamedTuple):
    """The accuracy of some forecasts.

    `error` is the mean error as a part of the actual time left, `linear_error` that of the linear formula at the same
    times, and `covered` the part of actual times within the forecast range.
    """

    forecasts: int
    runs: int
    error: float
    linear_error: float
    covered: float


class MethodScore(NamedTuple):
    """The score of all forecasts of a method, and of those at each percentage."""

    method: str
    total: Score
    by_percent: dict[int, Score]


def forecast_scores(domain_name: str) -> list[MethodScore]:
    """Return the scores of the domain's newest completed runs, by method. One query; empty without forecasts."""
    with connection.cursor() as cursor:
        cursor.execute(_SCORES, (domain_name,))
        rows = cursor.fetchall()
    scores: list[MethodScore] = []
    for method, percent, *values in rows:
        if percent is None:
            scores.append(MethodScore(method, Score(*values), {}))
        else:
            scores[-1].by_percent[percent] = Score(*values)
    return scores
