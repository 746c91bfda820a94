"""Reading the candidates of a run, with the best score of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from django.db import connection

from training_status.jsonb import from_jsonb
from training_status.optimizer_terms import SPLITS
from training_status.selected_columns import JSONB, Column, Selected


@dataclass(slots=True)
class CandidateScore:
    """A candidate of a run, or the name that evaluations give of one that was not reported: `number` is None then.

    The score is the one of `metric` on the largest split on which the candidate was evaluated; None without any.
    `has_program` says whether its state was reported.
    """

    number: Annotated[int | None, Column("candidate.number")]
    name: Annotated[str, Column("coalesce(candidate.name, best.candidate)")]
    origin: Annotated[str | None, Column("candidate.origin")]
    parents: Annotated[list[str], Column("coalesce(candidate.parents, '[]')", from_jsonb)]
    omitted: Annotated[list[str], Column("coalesce(candidate.omitted, '[]')", from_jsonb)]
    has_program: Annotated[bool, Column("candidate.state IS NOT NULL")]
    reported_at: Annotated[datetime, Column("coalesce(candidate.reported_at, best.reported_at)")]
    phase: Annotated[str, Column("coalesce(candidate.phase, best.phase)")]
    metric: Annotated[str | None, Column("best.metric")]
    score: Annotated[float | None, Column("best.score")]
    split: Annotated[str | None, Column("best.split")]
    example_count: Annotated[int | None, Column("best.example_count")]
    evaluation_count: Annotated[int, Column("coalesce(best.evaluation_count, 0)")]


@dataclass(slots=True)
class Program:
    """What a candidate consists of; `state` is JSON as its reporter wrote it."""

    predictors: Annotated[dict[str, Any] | None, JSONB]
    state: str | None

    @property
    def decoded_state(self) -> dict[str, Any] | None:
        """The state as an object."""
        state: dict[str, Any] | None = from_jsonb(self.state)
        return state


@dataclass(slots=True)
class BestProgram:
    """The state of a run's best candidate, and its score; no score if no candidate with a state was evaluated."""

    candidate: str
    state: str
    metric: str | None
    score: float | None


_SCORE: Final = Selected(CandidateScore, "candidate")
_PROGRAM: Final = Selected(Program, "candidate")

# A larger split counts more. Of splits with as many examples, the first in SPLITS does.
_SIZE: Final = f"example_count DESC, array_position(ARRAY{list(SPLITS)}, split::text)"

# The best evaluation of each candidate, and all candidates whether they have one or not.
_SCORES: Final = f"""
      FROM (SELECT DISTINCT ON (candidate) evaluation.*, count(*) OVER (PARTITION BY candidate) AS evaluation_count
              FROM training_status_evaluation AS evaluation
             WHERE run_id = %(run_id)s AND metric = %(metric)s
             ORDER BY candidate, {_SIZE}, score * %(sign)s DESC, number) AS best
      FULL JOIN (SELECT * FROM training_status_candidate WHERE run_id = %(run_id)s) AS candidate
             ON candidate.name = best.candidate
"""
_ORDERS: Final = {
    "score": f"best.score IS NULL, best.{_SIZE}, best.score * %(sign)s DESC, best.number, candidate.number DESC",
    "time": "coalesce(candidate.reported_at, best.reported_at) DESC, candidate.number DESC NULLS LAST",
}
_PAGES: Final = {
    order: f"SELECT {_SCORE.columns} {_SCORES} ORDER BY {clause} LIMIT %(limit)s OFFSET %(offset)s"
    for order, clause in _ORDERS.items()
}
_COUNT: Final = f"SELECT count(*) {_SCORES}"
_ONE: Final = f"""
    SELECT {_SCORE.columns} {_SCORES} WHERE coalesce(candidate.name, best.candidate) = %(name)s
"""
_PROGRAM_OF: Final = f"""
    SELECT {_PROGRAM.columns} FROM training_status_candidate AS candidate WHERE run_id = %(run_id)s AND name = %(name)s
"""
_BEST_PROGRAM: Final = f"""
    SELECT candidate.name, candidate.state, evaluation.metric, evaluation.score
      FROM training_status_candidate AS candidate
      LEFT JOIN training_status_evaluation AS evaluation
             ON evaluation.run_id = candidate.run_id AND evaluation.candidate = candidate.name
            AND evaluation.metric = %(metric)s
     WHERE candidate.run_id = %(run_id)s AND candidate.state IS NOT NULL
     ORDER BY evaluation.score IS NULL, {_SIZE}, score * %(sign)s DESC, evaluation.number, candidate.number DESC
     LIMIT 1
"""


class CandidateList:
    """The candidates of a run, by their best score or by time, the latest first."""

    def __init__(self, run_id: int, metric: str | None, *, lower_is_better: bool, order: str) -> None:
        self._parameters: dict[str, Any] = _which(run_id, metric, lower_is_better)
        self._order = order

    def count(self) -> int:
        """Return the number of candidates."""
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, self._parameters)
            (count,) = cursor.fetchone()
        return int(count)

    def part(self, offset: int, limit: int) -> list[CandidateScore]:
        """Return some of the candidates, in one query."""
        with connection.cursor() as cursor:
            cursor.execute(_PAGES[self._order], {**self._parameters, "limit": limit, "offset": offset})
            return [_SCORE.instance(row) for row in cursor.fetchall()]


def candidate_by_name(
    run_id: int, name: str, metric: str | None, *, lower_is_better: bool
) -> tuple[CandidateScore, Program] | None:
    """Return a candidate with its program, or None."""
    parameters = _which(run_id, metric, lower_is_better) | {"name": name}
    with connection.cursor() as cursor:
        cursor.execute(_ONE, parameters)
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.execute(_PROGRAM_OF, parameters)
        program = cursor.fetchone()
    return _SCORE.instance(row), Program(None, None) if program is None else _PROGRAM.instance(program)


def best_program(run_id: int, metric: str | None, *, lower_is_better: bool) -> BestProgram | None:
    """Return the best candidate that has a state; the latest one if none of them was evaluated. None without any."""
    with connection.cursor() as cursor:
        cursor.execute(_BEST_PROGRAM, _which(run_id, metric, lower_is_better))
        row = cursor.fetchone()
    return None if row is None else BestProgram(*row)


def _which(run_id: int, metric: str | None, lower_is_better: bool) -> dict[str, Any]:
    return {"run_id": run_id, "metric": metric, "sign": -1 if lower_is_better else 1}
