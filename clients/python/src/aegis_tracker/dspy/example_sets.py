"""Compares sets of examples."""

from collections.abc import Sequence
from typing import Any

Examples = Sequence[Any]


def are_the_same(one: Any, other: Any) -> bool:
    """Whether two sets have the same examples, in whatever order: themselves, or copies of them."""
    if one is other:
        return True
    try:
        if len(one) != len(other):
            return False
        return sorted(map(id, one)) == sorted(map(id, other)) or sorted(map(repr, one)) == sorted(map(repr, other))
    except Exception:  # noqa: BLE001 - other people's examples; what cannot be compared is not known to be the same
        return False
