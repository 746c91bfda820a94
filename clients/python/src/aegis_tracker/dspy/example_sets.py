"""Compares sets of examples."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

Examples = Sequence[Any]


def are_the_same(one: Any, other: Any) -> bool:
    """Whether two sets have the same examples, each as often, in whatever order: themselves, or equal ones.

    What cannot be compared is not known to be the same.
    """
    if one is other:
        return True
    try:
        if len(one) != len(other):
            return False
        return sorted(map(id, one)) == sorted(map(id, other)) or _are_equal(one, other)
    except Exception:  # noqa: BLE001 - other people's examples
        return False


def _are_equal(one: Examples, other: Examples) -> bool:
    """Whether each example of one set has an equal one in the other that is no other's."""
    unmatched: defaultdict[Hashable, list[Any]] = defaultdict(list)
    for example in other:
        unmatched[_key(example)].append(example)
    for example in one:
        candidates = unmatched[_key(example)]
        match = next((index for index, candidate in enumerate(candidates) if _is_equal(example, candidate)), None)
        if match is None:
            return False
        del candidates[match]
    return True


def _is_equal(one: Any, other: Any) -> bool:
    """Whether two examples say that they are equal. NumPy's arrays, for instance, do not answer with one word."""
    try:
        return one is other or bool(one == other)
    except Exception:  # noqa: BLE001 - other people's values
        return False


def _key(example: Any) -> Hashable:
    """Something that equal examples have in common, so that few need to be compared."""
    return frozenset((name, _hash_of(value)) for name, value in example.items())


def _hash_of(value: Any) -> int | None:
    try:
        return hash(value)
    except TypeError:
        return None
