"""Storing the forecast of what a run will have used at its end, when events are stored."""

from typing import Final

import msgspec
from django.db import connection

from training_status.forecast.amounts import AmountForecast, AmountSoFar, amount_forecast
from training_status.forecast.earlier_usage import learn_usage, used_so_far
from training_status.forecast.stored_estimate import as_json
from training_status.forecast.usage import LearnedUsage, UsageEstimate, cost_of, learned_usage_from_json
from training_status.forecast_methods import COST, TOKENS
from training_status.ingest.run_state_machine import RunStateMachine

# Raw SQL, like all statements on the path of an event.
_LEARNED: Final = "SELECT learned_usage FROM training_status_runforecast WHERE run_id = %s"
_STORE_LEARNED: Final = "UPDATE training_status_runforecast SET learned_usage = %s::jsonb WHERE run_id = %s"
_STORE_MARK: Final = """
    INSERT INTO training_status_usageforecastmark (
           run_id, amount, percent, total, low, high, method, based_on_runs, currency)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (run_id, amount, percent) DO NOTHING
"""


def update_usage_forecast(run: RunStateMachine, *, percent: int | None) -> None:
    """Compute the forecast of a running run that has reported usage, under the run's lock. The caller stores the run.

    `percent` is the mark that the run has reached with these events: the forecast is kept for its score. The earlier
    runs are read once for each run, and again when its costs turn out to be in another currency.
    """
    cost = cost_of(run.usage)
    currency = None if cost is None else cost[0]
    learned = _learned(run.id, currency)
    place, fraction = run.place_in_phases
    used = used_so_far(run.id, currency)
    tokens_forecast = amount_forecast(AmountSoFar(used.tokens, place, fraction), learned.tokens)
    cost_forecast = None
    if currency is not None:
        cost_forecast = amount_forecast(AmountSoFar(used.cost, place, fraction), learned.cost)
    is_lower_bound = cost_forecast is not None and (learned.is_lower_bound or run.usage["unpriced_calls"] > 0)
    estimate = UsageEstimate(tokens_forecast, cost_forecast, currency, is_lower_bound)
    run.usage_estimate = msgspec.to_builtins(estimate)
    if percent is not None:
        _store_mark(run.id, percent, TOKENS, tokens_forecast, "")
        _store_mark(run.id, percent, COST, cost_forecast, currency or "")


def _learned(run_id: int, currency: str | None) -> LearnedUsage:
    with connection.cursor() as cursor:
        cursor.execute(_LEARNED, (run_id,))
        row = cursor.fetchone()
        stored = None if row is None else learned_usage_from_json(row[0])
        if stored is not None and stored.currency == currency:
            return stored
        learned = learn_usage(run_id, currency)
        cursor.execute(_STORE_LEARNED, (as_json(learned), run_id))
    return learned


def _store_mark(run_id: int, percent: int, amount: str, made: AmountForecast | None, currency: str) -> None:
    if made is None:
        return
    values = (run_id, amount, percent, made.total, made.low, made.high, made.method, made.based_on_runs, currency)
    with connection.cursor() as cursor:
        cursor.execute(_STORE_MARK, values)
