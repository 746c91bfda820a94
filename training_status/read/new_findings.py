"""Reading the candidates and evaluations that came after those that a live stream has sent, of many runs at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, NamedTuple

from django.db import connection

from training_status.read.evaluations import EvaluationFacts
from training_status.selected_columns import JSONB, Column, Selected

FINDINGS_MAX: Final = 100  # of each kind and run in one poll


@dataclass(slots=True)
class NewCandidateFacts:
    """A candidate, named as in `Candidate`, without its program."""

    number: int
    name: str
    origin: str
    parents: Annotated[list[str], JSONB]
    omitted: Annotated[list[str], JSONB]
    has_program: Annotated[bool, Column("candidate.state IS NOT NULL")]
    reported_at: datetime
    phase: str


class Window(NamedTuple):
    """The numbers of the findings of a run to read."""

    run_id: int
    lowest: int
    highest: int


_CANDIDATE: Final = Selected(NewCandidateFacts, "candidate")
_EVALUATION: Final = Selected(EvaluationFacts, "evaluation")
_NEW: Final = """
    SELECT wanted.run_id, {columns}
      FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS wanted(run_id, lowest, highest)
      JOIN training_status_{name} AS {name}
        ON {name}.run_id = wanted.run_id AND {name}.number BETWEEN wanted.lowest AND wanted.highest
     ORDER BY wanted.run_id, {name}.number
"""
_NEW_CANDIDATES: Final = _NEW.format(columns=_CANDIDATE.columns, name="candidate")
_NEW_EVALUATIONS: Final = _NEW.format(columns=_EVALUATION.columns, name="evaluation")


def new_candidates(windows: list[Window]) -> Iterator[tuple[int, NewCandidateFacts]]:
    """Return the candidates of the runs, each with the key of its run, in order."""
    with connection.cursor() as cursor:
        cursor.execute(_NEW_CANDIDATES, _columns_of(windows))
        for run_id, *values in cursor.fetchall():
            yield run_id, _CANDIDATE.instance(values)


def new_evaluations(windows: list[Window]) -> Iterator[tuple[int, EvaluationFacts]]:
    """Return the evaluations of the runs, each with the key of its run, in order."""
    with connection.cursor() as cursor:
        cursor.execute(_NEW_EVALUATIONS, _columns_of(windows))
        for run_id, *values in cursor.fetchall():
            yield run_id, _EVALUATION.instance(values)


def _columns_of(windows: list[Window]) -> tuple[list[int], ...]:
    return tuple([window[place] for window in windows] for place in range(len(Window._fields)))
