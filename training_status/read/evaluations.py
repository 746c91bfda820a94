"""Reading the evaluations of a run."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from training_status.selected_columns import Selected


@dataclass(slots=True)
class EvaluationFacts:
    """An evaluation, named as in `Evaluation`, without the scores of its examples."""

    number: int
    candidate: str
    metric: str
    score: float
    split: str
    example_count: int
    error_count: int
    duration_ms: float | None
    reported_at: datetime
    phase: str


@dataclass(slots=True)
class EvaluationWithExamples(EvaluationFacts):
    """An evaluation with the score of each example (None: failed), and their names, if they were reported."""

    example_scores: list[float | None] | None
    example_ids: list[str] | None


@dataclass(frozen=True, slots=True)
class EvaluationFilter:
    """Which evaluations to read: the latest first or, after a number, the oldest first."""

    metric: str | None = None
    split: str | None = None
    candidate: str | None = None
    after: int | None = None


_FACTS: Final = Selected(EvaluationFacts, "evaluation")
_WITH_EXAMPLES: Final = Selected(EvaluationWithExamples, "evaluation")
_ONE: Final = f"""
    SELECT {_WITH_EXAMPLES.columns} FROM training_status_evaluation AS evaluation WHERE run_id = %s AND number = %s
"""


@dataclass(slots=True)
class EvaluationList:
    """The matching evaluations of a run."""

    run_id: int
    filter: EvaluationFilter
    _conditions: list[str] = field(init=False)
    _parameters: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._conditions, self._parameters = ["run_id = %(run_id)s"], {"run_id": self.run_id}
        for name in ("metric", "split", "candidate"):
            value = getattr(self.filter, name)
            if value is not None:
                self._conditions.append(f"{name} = %({name})s")
                self._parameters[name] = value
        if self.filter.after is not None:
            self._conditions.append("number > %(after)s")
            self._parameters["after"] = self.filter.after

    def count(self) -> int:
        """Return the number of evaluations."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) {self._from}", self._parameters)
            (count,) = cursor.fetchone()
        return int(count)

    def part(self, offset: int, limit: int) -> list[EvaluationFacts]:
        """Return some of the evaluations, in one query."""
        order = "DESC" if self.filter.after is None else "ASC"
        sql = f"SELECT {_FACTS.columns} {self._from} ORDER BY number {order} LIMIT %(limit)s OFFSET %(offset)s"
        with connection.cursor() as cursor:
            cursor.execute(sql, {**self._parameters, "limit": limit, "offset": offset})
            return [_FACTS.instance(row) for row in cursor.fetchall()]

    @property
    def _from(self) -> str:
        return f"FROM training_status_evaluation AS evaluation WHERE {' AND '.join(self._conditions)}"


def evaluation_by_number(run_id: int, number: int) -> EvaluationWithExamples | None:
    """Return an evaluation with the scores of its examples, or None."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE, (run_id, number))
        row = cursor.fetchone()
    return None if row is None else _WITH_EXAMPLES.instance(row)
