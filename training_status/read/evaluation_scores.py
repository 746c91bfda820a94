"""Reading the scores of a run's evaluations, reduced to what a chart can show.

Raw SQL: the database knows which evaluations are the extremes of each part of the run, and which were the best so far,
without sending all of them here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection

from training_status.optimizer_terms import SPLITS

POINTS_MIN: Final = 10
POINTS_MAX: Final = 2000
METRICS_MAX: Final = 50  # that are listed
_MINIBATCH: Final = "minibatch"
_NAMES_MAX_BYTES: Final = 200_000  # of all points together: with long names there are fewer points

_COUNTS: Final = """
    SELECT metric, split, example_count, count(*), max(octet_length(to_json(candidate)::text))
      FROM training_status_evaluation WHERE run_id = %(run_id)s
     GROUP BY metric, split, example_count
"""

# Full evaluations and those on minibatches are thinned apart, as they are shown apart. A step is an evaluation on the
# largest split that is better than all before it there.
_POINTS: Final = """
    WITH evaluation AS (
        SELECT number, candidate, score, split, example_count, reported_at, score * %(sign)s AS rank,
               split = 'minibatch' AS is_minibatch,
               split = %(largest_split)s AND example_count = %(largest_count)s AS is_largest
          FROM training_status_evaluation WHERE run_id = %(run_id)s AND metric = %(metric)s),
    stepped AS (
        SELECT *, is_largest AND rank > coalesce(
                      max(rank) FILTER (WHERE is_largest)
                          OVER (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), '-infinity')
                  AS is_step,
               ntile(CASE WHEN is_minibatch THEN %(minibatch_buckets)s ELSE %(full_buckets)s END)
                   OVER (PARTITION BY is_minibatch ORDER BY number) AS bucket,
               row_number() OVER (ORDER BY number) AS place, count(*) OVER () AS total
          FROM evaluation),
    ranked AS (
        SELECT *, row_number() OVER (PARTITION BY is_minibatch, bucket ORDER BY rank, number) AS from_lowest,
               row_number() OVER (PARTITION BY is_minibatch, bucket ORDER BY rank DESC, number) AS from_highest,
               ntile(%(steps)s) OVER (PARTITION BY is_step ORDER BY number) AS step_bucket
          FROM stepped),
    told AS (
        SELECT *, is_step AND row_number() OVER (PARTITION BY is_step, step_bucket ORDER BY number DESC) = 1
                  AS is_told_step
          FROM ranked)
    SELECT number, candidate, score, split, example_count, reported_at, is_step
      FROM told
     WHERE is_told_step OR from_lowest = 1 OR from_highest = 1 OR place IN (1, total)
     ORDER BY number
"""


class EvaluationPoint(NamedTuple):
    """An evaluation in the chart; `is_step` if no earlier one on the largest split was as good."""

    number: int
    candidate: str
    score: float
    split: str
    example_count: int
    at: datetime
    is_step: bool


@dataclass(slots=True)
class EvaluationScores:
    """The points of one metric in the order of their numbers.

    `totals` counts all evaluations of the metric by split. The largest split is the one that the best evaluation is
    chosen on. `metrics` are those of the run, the one with the most evaluations first.
    """

    metric: str | None
    metrics: list[str] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    largest_split: str | None = None
    largest_count: int | None = None
    points: list[EvaluationPoint] = field(default_factory=list)


def evaluation_scores(run_id: int, metric: str | None, *, lower_is_better: bool, points_max: int) -> EvaluationScores:
    """Return at most `points_max` evaluations of a metric, in two queries.

    Among them are the first and the last, the least and the greatest of every part of the run, for full evaluations and
    minibatches apart, and those that were the best so far. More than a quarter of `points_max` of these are thinned,
    too; the last of them stays.
    """
    found = EvaluationScores(metric)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"run_id": run_id})
        counts = cursor.fetchall()
        by_metric: dict[str, int] = {}
        for name, _, _, count, _ in counts:
            by_metric[name] = by_metric.get(name, 0) + count
        found.metrics = sorted(by_metric, key=lambda name: (-by_metric[name], name))[:METRICS_MAX]
        own = [row[1:] for row in counts if row[0] == metric]
        if not own:
            return found
        for split, _, count, _ in own:
            found.totals[split] = found.totals.get(split, 0) + count
        sizes = [(example_count, -SPLITS.index(split)) for split, example_count, *_ in own]
        found.largest_count, place = max(sizes)
        found.largest_split = SPLITS[-place]
        longest = max(row[-1] for row in own)
        cursor.execute(
            _POINTS,
            {
                "run_id": run_id,
                "metric": metric,
                "sign": -1 if lower_is_better else 1,
                "largest_split": found.largest_split,
                "largest_count": found.largest_count,
                **_buckets(found.totals, max(POINTS_MIN, min(points_max, _NAMES_MAX_BYTES // longest))),
            },
        )
        found.points = [EvaluationPoint(*row) for row in cursor.fetchall()]
    return found


def _buckets(totals: dict[str, int], points_max: int) -> dict[str, Any]:
    """How many parts the evaluations are divided into, each with a lowest and a highest point, and how many steps."""
    total = sum(totals.values())
    if total <= points_max:
        return {"minibatch_buckets": total, "full_buckets": total, "steps": total}
    steps = points_max // 4
    parts = (points_max - 2 - steps) // 2
    minibatches = totals.get(_MINIBATCH, 0)
    for_minibatches = min(max(1, round(parts * minibatches / total)), parts - 1) if minibatches else 0
    return {
        "minibatch_buckets": max(1, for_minibatches),
        "full_buckets": max(1, parts - for_minibatches),
        "steps": max(1, steps),
    }
