"""Reading what the earlier completed runs of a domain used, which the forecast of cost and tokens learns from."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from django.db import connection

from training_status.forecast import parameters
from training_status.forecast.amounts import ExpectedAmount, UsedAmounts, expected_amount
from training_status.forecast.usage import LearnedUsage
from training_status.jsonb import from_jsonb
from training_status.phases import PHASE_NAMES
from training_status.run_states import COMPLETED

# Raw SQL: one query reads the runs with their sums by phase. The index on completed runs finds the newest.
_OF_DOMAIN: Final = f"""
    SELECT run.llm_model IS NOT DISTINCT FROM this.llm_model AND run.optimizer IS NOT DISTINCT FROM this.optimizer,
           this.sample_count, run.sample_count, used.by_phase, used.is_lower_bound
      FROM training_status_trainingrun this,
           LATERAL (SELECT id, run_number, llm_model, optimizer, sample_count
                      FROM training_status_trainingrun
                     WHERE domain_id = this.domain_id AND state = '{COMPLETED}'
                     ORDER BY run_number DESC LIMIT {parameters.RUNS_CONSIDERED}) AS run,
           LATERAL (SELECT jsonb_object_agg(phase, jsonb_build_array(tokens, cost)) AS by_phase,
                           bool_or(has_unknown_cost) AS is_lower_bound
                      FROM (SELECT phase, sum(input_tokens + output_tokens)::float8 AS tokens,
                                   coalesce(sum(cost) FILTER (WHERE currency = %(currency)s), 0)::float8 AS cost,
                                   bool_or(unpriced_calls > 0 OR currency NOT IN ('', %(currency)s))
                                       AS has_unknown_cost
                              FROM training_status_modelusage WHERE run_id = run.id GROUP BY phase) AS sums) AS used
     WHERE this.id = %(run_id)s AND used.by_phase IS NOT NULL
     ORDER BY run.run_number
"""
_SO_FAR: Final = """
    SELECT phase, sum(input_tokens + output_tokens)::float8,
           coalesce(sum(cost) FILTER (WHERE currency = %(currency)s), 0)::float8
      FROM training_status_modelusage WHERE run_id = %(run_id)s GROUP BY phase
"""


class _Earlier(NamedTuple):
    tokens: UsedAmounts
    cost: UsedAmounts
    is_same_configuration: bool
    is_lower_bound: bool


class UsedSoFar(NamedTuple):
    """What a run has used in each phase."""

    tokens: tuple[float, ...]
    cost: tuple[float, ...]


def used_so_far(run_id: int, currency: str | None) -> UsedSoFar:
    """Return what the run has used so far; the cost is that in `currency`."""
    with connection.cursor() as cursor:
        cursor.execute(_SO_FAR, {"run_id": run_id, "currency": currency or ""})
        sums = {phase: (tokens, cost) for phase, tokens, cost in cursor.fetchall()}
    by_phase = [sums.get(name, (0.0, 0.0)) for name in PHASE_NAMES]
    return UsedSoFar(tuple(tokens for tokens, _ in by_phase), tuple(cost for _, cost in by_phase))


def learn_usage(run_id: int, currency: str | None) -> LearnedUsage:
    """Learn from the earlier runs of the domain of this run, about costs in `currency`. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_DOMAIN, {"run_id": run_id, "currency": currency or ""})
        rows = cursor.fetchall()
    if not rows:
        return LearnedUsage(currency=currency)
    runs = [_earlier(*row) for row in rows]
    sample_count = rows[-1][1]
    tokens, _ = _learned(runs, sample_count, [run.tokens for run in runs])
    cost, taught = _learned(runs, sample_count, [run.cost for run in runs])
    return LearnedUsage(tokens, cost, currency, cost is not None and any(run.is_lower_bound for run in taught))


def _learned(
    runs: Sequence[_Earlier], sample_count: int | None, amounts: Sequence[UsedAmounts]
) -> tuple[ExpectedAmount | None, list[_Earlier]]:
    """Learn from the newest runs that used anything, of the same configuration if there are any. Return those too."""
    pairs = [(run, used) for run, used in zip(runs, amounts, strict=True) if sum(used.by_phase) > 0]
    same = [pair for pair in pairs if pair[0].is_same_configuration]
    chosen = (same or pairs)[-parameters.RUNS_MAX :]
    return expected_amount([used for _, used in chosen], sample_count, is_new=not same), [run for run, _ in chosen]


def _earlier(
    is_same: bool, _: int | None, sample_count: int | None, by_phase_json: Any, is_lower_bound: bool
) -> _Earlier:
    by_phase = from_jsonb(by_phase_json)
    used = [by_phase.get(name, (0.0, 0.0)) for name in PHASE_NAMES]
    tokens = UsedAmounts(tuple(tokens for tokens, _ in used), sample_count)
    cost = UsedAmounts(tuple(cost for _, cost in used), sample_count)
    return _Earlier(tokens, cost, is_same, is_lower_bound)
