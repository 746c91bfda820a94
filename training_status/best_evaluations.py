"""The best evaluation of each metric: the highest score on the largest split, and the earlier one of equals.

It is kept as evaluations are stored. Whether a lower score is better may become known later, so both the highest and
the lowest are kept.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from training_status.metric_directions import known_directions
from training_status.optimizer_terms import SPLITS

METRICS_MAX: Final = 50  # with a best evaluation; those of further metrics are only listed

HIGHEST: Final = "highest"
LOWEST: Final = "lowest"


class Scored(NamedTuple):
    """What decides which of two evaluations is better."""

    candidate: str
    score: float
    split: str
    example_count: int
    at: str | None  # as it is shown to clients

    @property
    def size(self) -> tuple[int, int]:
        """How large the split is: compared by examples, then by kind."""
        return self.example_count, -SPLITS.index(self.split)


def with_evaluation(best: Mapping[str, Any], metric: str, scored: Scored) -> dict[str, Any]:
    """Return what is stored with the run after one more evaluation; an empty object before the first.

    `latest` is the metric of the latest evaluation, `of` has the highest and the lowest evaluation of each metric.
    """
    known = best.get("of", {})
    if metric not in known and len(known) >= METRICS_MAX:
        return dict(best)
    kept = dict(known.get(metric, {}))
    for end, sign in ((HIGHEST, 1), (LOWEST, -1)):
        before = Scored(*kept[end]) if end in kept else None
        if before is None or (scored.size, sign * scored.score) > (before.size, sign * before.score):
            kept[end] = list(scored)
    return {"latest": metric, "of": {**known, metric: kept}}


def best_of(best: Mapping[str, Any], metric: str | None, declared: Mapping[str, bool]) -> tuple[str, Scored] | None:
    """Return a metric, by default the latest, and its best evaluation; None if there is none.

    `declared` is what is declared about the direction of metrics.
    """
    name = metric or best.get("latest")
    kept = best.get("of", {}).get(name)
    if name is None or kept is None:
        return None
    return name, Scored(*kept[LOWEST if is_lower_better(name, declared) else HIGHEST])


def is_lower_better(metric: str, declared: Mapping[str, bool]) -> bool:
    """Whether the lowest score is the best. The highest is where nothing is known of the direction."""
    return known_directions([metric], declared).get(metric) is False
