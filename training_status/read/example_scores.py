"""Reading how candidates did on each example, reduced to what a picture can show: the hardest examples first."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, NamedTuple

import msgspec
from django.db import connection

from training_status.jsonb import from_jsonb
from training_status.optimizer_terms import SPLITS

CANDIDATES_MAX: Final = 60
EXAMPLES_MAX: Final = 400
SCORES_READ_MAX: Final = 400_000  # beside those of the candidates that are shown
ONE_EXAMPLE_CANDIDATES_MAX: Final = 2_000
_NAMES_MAX_BYTES: Final = 120_000  # of all examples, or candidates, together: with long names there are fewer

_SPLITS: Final = """
    SELECT split, max(example_count) FROM training_status_evaluation
     WHERE run_id = %(run_id)s AND metric = %(metric)s AND example_scores IS NOT NULL
     GROUP BY split
"""
_EVALUATIONS: Final = """
    SELECT number, candidate, score, example_count FROM training_status_evaluation
     WHERE run_id = %(run_id)s AND metric = %(metric)s AND split = %(split)s AND example_scores IS NOT NULL
     ORDER BY example_count DESC, score * %(sign)s DESC, number
"""
# As JSON, which is decoded faster than arrays.
_SCORES: Final = """
    SELECT candidate, array_to_json(example_scores)::text, array_to_json(example_ids)::text
      FROM training_status_evaluation WHERE run_id = %(run_id)s AND number = ANY(%(numbers)s) ORDER BY number
"""
_ONE_EXAMPLE: Final = """
    SELECT candidate, number, example_scores[place]
      FROM (SELECT DISTINCT ON (candidate) *
              FROM (SELECT candidate, number, example_scores,
                           CASE WHEN example_ids IS NULL THEN %(place)s
                                ELSE array_position(example_ids, %(example)s) END AS place
                      FROM training_status_evaluation
                     WHERE run_id = %(run_id)s AND metric = %(metric)s AND split = %(split)s
                       AND example_scores IS NOT NULL) AS placed
             WHERE place <= cardinality(example_scores)
             ORDER BY candidate, number DESC) AS latest
     ORDER BY example_scores[place] IS NULL, example_scores[place] * %(sign)s DESC, number
     LIMIT %(limit)s
"""


class RankedCandidate(NamedTuple):
    """A candidate with its best evaluation on the split."""

    name: str
    evaluation: int
    score: float


@dataclass(slots=True)
class ExampleSums:
    """How candidates did on an example; `best` is the best score, None if it always failed."""

    name: str
    solved: int = 0
    evaluated: int = 0
    best: float | None = None


@dataclass(slots=True)
class ExampleScores:
    """Candidates, the best first, examples, the hardest first, and the latest score of each on each.

    `scores` has a dictionary by example for each candidate; None is a failure. An example is solved by a score from
    `solved_from` on. Scores are between `lowest` and `highest`. The examples are those from `offset` on; the counts
    are of all. Not all evaluations are counted if `counted` is less than `evaluations`.
    """

    metric: str | None
    split: str | None = None
    splits: list[str] = field(default_factory=list)
    solved_from: float = 0.5
    lowest: float = 0.0
    highest: float = 1.0
    offset: int = 0
    candidates: list[RankedCandidate] = field(default_factory=list)
    examples: list[ExampleSums] = field(default_factory=list)
    scores: list[dict[str, float | None]] = field(default_factory=list)
    example_count: int = 0
    unsolved_count: int = 0
    candidate_count: int = 0
    evaluations: int = 0
    counted: int = 0


class ExampleScore(NamedTuple):
    """The latest score of a candidate on an example; None is a failure."""

    candidate: str
    evaluation: int
    score: float | None


def example_scores(
    run_id: int,
    metric: str | None,
    split: str | None,
    *,
    lower_is_better: bool,
    solved_from: float | None,
    candidates_max: int,
    examples_max: int,
    offset: int,
) -> ExampleScores:
    """Return how the best candidates did on the hardest examples of a split, by default the largest, in three queries.

    Without `solved_from` the middle of the scale is taken; the scale is 0 to 1, or wider where scores are.
    """
    parameters: dict[str, Any] = {"run_id": run_id, "metric": metric, "sign": -1 if lower_is_better else 1}
    found = ExampleScores(metric, offset=offset)
    with connection.cursor() as cursor:
        cursor.execute(_SPLITS, parameters)
        sizes = dict(cursor.fetchall())
        found.splits = [one for one in SPLITS if one in sizes]
        if not found.splits:
            return found
        found.split = split or max(found.splits, key=lambda one: (sizes[one], -SPLITS.index(one)))
        cursor.execute(_EVALUATIONS, parameters | {"split": found.split})
        evaluations = cursor.fetchall()
        ranked: dict[str, RankedCandidate] = {}
        for number, name, score, _ in evaluations:
            ranked.setdefault(name, RankedCandidate(name, number, score))
        found.candidates = list(ranked.values())[:candidates_max]
        numbers = _to_read(evaluations, {candidate.name for candidate in found.candidates})
        found.candidate_count, found.evaluations, found.counted = len(ranked), len(evaluations), len(numbers)
        cursor.execute(_SCORES, parameters | {"numbers": numbers})
        by_candidate = _latest(cursor)
    found.scores = [by_candidate[candidate.name].by_example() for candidate in found.candidates]
    values = [score for row in by_candidate.values() for score in row.scores if score is not None]
    found.lowest, found.highest = min(0.0, min(values, default=0.0)), max(1.0, max(values, default=1.0))
    found.solved_from = (found.lowest + found.highest) / 2 if solved_from is None else solved_from
    hardest = sorted(
        _sums(by_candidate, found.solved_from, lower_is_better=lower_is_better).values(),
        key=lambda example: (example.solved / example.evaluated, -example.evaluated),
    )
    found.example_count = len(hardest)
    found.unsolved_count = sum(1 for example in hardest if example.solved == 0)
    found.examples = _within_names(hardest[offset : offset + examples_max])
    return found


def scores_of_example(
    run_id: int, metric: str | None, split: str | None, example: str, *, lower_is_better: bool
) -> tuple[str | None, list[ExampleScore]]:
    """Return a split, by default the largest, and the scores of candidates on one of its examples, the best first."""
    parameters: dict[str, Any] = {
        "run_id": run_id,
        "metric": metric,
        "sign": -1 if lower_is_better else 1,
        "example": example,
        "place": int(example) + 1 if example.isascii() and example.isdigit() and len(example) < 6 else None,
        "limit": ONE_EXAMPLE_CANDIDATES_MAX,
    }
    with connection.cursor() as cursor:
        if split is None:
            cursor.execute(_SPLITS, parameters)
            sizes = dict(cursor.fetchall())
            split = max(sizes, key=lambda one: (sizes[one], -SPLITS.index(one)), default=None)
        cursor.execute(_ONE_EXAMPLE, parameters | {"split": split})
        return split, _within_names([ExampleScore(*row) for row in cursor.fetchall()])


def _to_read(evaluations: list[Any], shown: set[str]) -> list[int]:
    """The numbers of all evaluations of the candidates that are shown, and of others, evenly spread."""
    others = sorted(row for row in evaluations if row[1] not in shown)
    every = -(-sum(row[3] for row in others) // SCORES_READ_MAX) or 1
    return [row[0] for row in evaluations if row[1] in shown] + [row[0] for row in others[::every]]


class _Row(NamedTuple):
    """The latest scores of a candidate. Rows of the same examples share the list of their names."""

    names: list[str]
    scores: list[float | None]

    def by_example(self) -> dict[str, float | None]:
        return dict(zip(self.names, self.scores, strict=True))


def _latest(cursor: Any) -> dict[str, _Row]:
    known: dict[str, tuple[list[str], bool]] = {}
    by_candidate: dict[str, _Row] = {}
    for candidate, scores_text, names_text in cursor:
        scores = from_jsonb(scores_text)
        key = names_text or str(len(scores))
        if key not in known:
            names = from_jsonb(names_text) or [str(place) for place in range(len(scores))]
            known[key] = names, len(set(names)) < len(names)
        names, is_repeated = known[key]
        row, before = _Row(names, scores), by_candidate.get(candidate)
        if before or is_repeated:
            latest = (before.by_example() if before else {}) | row.by_example()
            row = _Row(list(latest), list(latest.values()))
        by_candidate[candidate] = row
    return by_candidate


def _sums(by_candidate: dict[str, _Row], solved_from: float, *, lower_is_better: bool) -> dict[str, ExampleSums]:
    """Sum up by example: a column at a time where candidates were evaluated on the same examples."""
    alike: dict[int, list[_Row]] = {}
    for row in by_candidate.values():
        alike.setdefault(id(row.names), []).append(row)
    sums: dict[str, ExampleSums] = {}
    for rows in alike.values():
        for name, column in zip(rows[0].names, zip(*(row.scores for row in rows), strict=True), strict=True):
            example = sums.setdefault(name, ExampleSums(name))
            scores = [score for score in column if score is not None]
            example.evaluated += len(column)
            if lower_is_better:
                example.solved += sum([score <= solved_from for score in scores])
            else:
                example.solved += sum([score >= solved_from for score in scores])
            if scores:
                if example.best is not None:
                    scores.append(example.best)
                example.best = min(scores) if lower_is_better else max(scores)
    return sums


def _within_names(items: list[Any]) -> list[Any]:
    """As many of them as there is room for the first field of, which is a name."""
    left = _NAMES_MAX_BYTES
    for place, item in zip(count(), items):
        left -= len(msgspec.json.encode(item[0] if isinstance(item, tuple) else item.name))
        if left < 0:
            return items[:place]
    return items
