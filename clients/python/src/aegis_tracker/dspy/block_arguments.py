"""Validates the arguments of `track`. An invalid argument gives a warning, because it must not end a training."""

import math
from numbers import Real
from typing import Any

from aegis_tracker.findings import SPLITS

WHOLE_PHASE = (0.0, 1.0)


def usable_part(part: Any) -> tuple[tuple[float, float], str]:
    """The share of the phase, or all of it and a sentence that says why."""
    try:
        begin, end = part
    except (TypeError, ValueError):
        begin = end = None
    if _is_number(begin) and _is_number(end) and 0 <= begin <= end <= 1:
        return (float(begin), float(end)), ""
    return WHOLE_PHASE, (
        f"`part` must be two numbers from 0.0 to 1.0, the smaller one first, not {_shown(part)}."
        " The block is taken for the whole phase."
    )


def usable_evaluation_calls(calls: Any) -> tuple[int | None, str]:
    """How many examples evaluations have, or None and a sentence that says why."""
    if _is_number(calls) and calls >= 0 and calls == int(calls):
        return int(calls), ""
    return None, (
        f"`evaluation_calls` must be a whole number from 0, not {_shown(calls)}. The evaluations are reported without"
        " a fraction."
    )


def usable_metric(metric: Any) -> tuple[str, str]:
    """The name of the scores, or `score` and a sentence that says why."""
    if isinstance(metric, str) and metric:
        return metric, ""
    return "score", f"`metric` must be a name, not {_shown(metric)}. The name `score` is used."


def usable_split(split: Any) -> tuple[str, str]:
    """The split of a block's evaluations, or `development` and a sentence that says why."""
    if split in SPLITS:
        return split, ""
    return "development", f"`split` must be one of {', '.join(SPLITS)}, not {_shown(split)}. `development` is used."


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - other people's values
        text = f"a {type(value).__name__}"
    return text if len(text) <= 100 else f"{text[:99]}…"
