"""Whether a higher or a lower value of a metric is better: as declared, else as its name says, else unknown.

The rule exists here only. Answers carry its result as `higher_is_better`, so that no client needs a rule of its own.
`docs/contract.md` describes it.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from training_status.number_text import is_number

HIGHER_IS_BETTER: Final = frozenset(
    {"f1", "accuracy", "accuracies", "precision", "precisions", "recall", "recalls", "score", "scores"}
)
LOWER_IS_BETTER: Final = frozenset(
    {"loss", "losses", "error", "errors", "latency", "latencies", "cost", "costs", "tokens", "duration", "durations"}
)
# With one of these words a name means something else than the metric that it mentions: `neg_log_loss`,
# `loss_reduction`, `accuracy_drop`, `score_std`, `loss_scale`, `tokens_per_second`.
_CHANGES_MEANING: Final = frozenset(
    {"neg", "negative", "negated", "inverse", "inverted", "no", "non", "not", "without", "minus", "free"}
    | {"reduction", "reduced", "saved", "saving", "savings", "improvement", "gain", "drop", "decrease", "increase"}
    | {"delta", "diff", "difference", "change", "gap", "ratio", "per"}
    | {"std", "stddev", "var", "variance", "scale", "weight", "threshold", "limit", "budget", "target"}
)
# Beside anything but a time these make a rate of it: `tokens/s`.
_UNITS_OF_TIME: Final = frozenset(
    {"s", "sec", "secs", "second", "seconds", "ms", "minute", "minutes", "h", "hour", "hours"}
)
_TIMES: Final = frozenset({"latency", "latencies", "duration", "durations"})

# `validationLoss`, `p95LatencyMs` and `MSELoss` are two or three words each, `entity_f1` and `eval/loss` two.
_WORD_STARTS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS: Final = re.compile(r"[\W_]+")

_CACHED_NAME_MAX_CHARACTERS: Final = 200


def directions(metrics: Mapping[str, Any], declared: Mapping[str, bool]) -> dict[str, bool]:
    """Whether higher is better, for each of the metrics that is a number and whose direction is known."""
    return known_directions((name for name, value in metrics.items() if is_number(value)), declared)


def known_directions(names: Iterable[str], declared: Mapping[str, bool]) -> dict[str, bool]:
    """The same for the metrics of these names."""
    found = ((name, declared[name] if name in declared else direction_by_name(name)) for name in names)
    return {name: is_higher_better for name, is_higher_better in found if is_higher_better is not None}


def shared_directions(of_each: Iterable[tuple[Mapping[str, Any], Mapping[str, bool]]]) -> dict[str, bool]:
    """The same for the metrics of several runs, each with what was declared for it.

    A direction that is declared for one of the runs is that of all. Where declarations differ, it is unknown.
    """
    names: dict[str, None] = {}
    declared: dict[str, bool] = {}
    contradictory: set[str] = set()
    for metrics, declared_for_run in of_each:
        names |= dict.fromkeys(name for name, value in metrics.items() if is_number(value))
        for name, is_higher_better in declared_for_run.items():
            if declared.setdefault(name, is_higher_better) != is_higher_better:
                contradictory.add(name)
    return known_directions((name for name in names if name not in contradictory), declared)


def direction_by_name(name: str) -> bool | None:
    """Whether higher is better, as far as the name says: None for a name without a known word, and where in doubt."""
    return _cached(name) if len(name) <= _CACHED_NAME_MAX_CHARACTERS else _by_words(name)


def _by_words(name: str) -> bool | None:
    words = {word.lower() for part in _SEPARATORS.split(name) for word in _WORD_STARTS.split(part)}
    is_higher, is_lower = bool(words & HIGHER_IS_BETTER), bool(words & LOWER_IS_BETTER)
    if is_higher == is_lower or words & _CHANGES_MEANING:
        return None
    if words & _UNITS_OF_TIME and not words & _TIMES:
        return None
    return is_higher


_cached = lru_cache(maxsize=4096)(_by_words)
