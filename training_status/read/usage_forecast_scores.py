"""Reading the accuracy of the forecasts of cost and tokens of a domain's completed runs."""

from typing import Final, NamedTuple

from django.db import connection

from training_status.forecast_methods import COST
from training_status.read.forecast_scores import ERROR_MAX, RUNS_SCORED
from training_status.run_states import COMPLETED

# Raw SQL: an index finds the newest completed runs, and one pass aggregates by method and by mark.
_SCORES: Final = f"""
    SELECT mark.amount, mark.method, mark.percent, count(*), count(DISTINCT mark.run_id),
           avg(least(abs(mark.total / actual.total - 1), {ERROR_MAX})),
           avg((actual.total BETWEEN mark.low AND mark.high)::int)::float8
      FROM (SELECT run.id, run.usage
              FROM training_status_domain domain JOIN training_status_trainingrun run ON run.domain_id = domain.id
             WHERE domain.name = %s AND run.state = '{COMPLETED}'
             ORDER BY run.run_number DESC LIMIT {RUNS_SCORED}) AS newest
      JOIN training_status_usageforecastmark mark ON mark.run_id = newest.id,
           LATERAL (SELECT CASE mark.amount
                           WHEN '{COST}' THEN (newest.usage -> 'costs' ->> mark.currency)::float8
                           ELSE (newest.usage ->> 'input_tokens')::float8 + (newest.usage ->> 'output_tokens')::float8
                           END) AS actual(total)
     WHERE actual.total > 0
     GROUP BY GROUPING SETS ((mark.amount, mark.method), (mark.amount, mark.method, mark.percent))
     ORDER BY mark.amount, mark.method, mark.percent NULLS FIRST
"""


class UsageScore(NamedTuple):
    """The accuracy of some forecasts.

    `error` is the mean error as a part of what the whole run used, and `covered` the part of actual amounts within the
    forecast range.
    """

    forecasts: int
    runs: int
    error: float
    covered: float


class UsageMethodScore(NamedTuple):
    """The score of all forecasts of an amount by a method, and of those at each percentage."""

    amount: str
    method: str
    total: UsageScore
    by_percent: dict[int, UsageScore]


def usage_forecast_scores(domain_name: str) -> list[UsageMethodScore]:
    """Return the scores of the domain's newest completed runs, by amount and method. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SCORES, (domain_name,))
        rows = cursor.fetchall()
    scores: list[UsageMethodScore] = []
    for amount, method, percent, *values in rows:
        if percent is None:
            scores.append(UsageMethodScore(amount, method, UsageScore(*values), {}))
        else:
            scores[-1].by_percent[percent] = UsageScore(*values)
    return scores
