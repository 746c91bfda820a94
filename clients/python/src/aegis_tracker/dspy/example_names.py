"""Names examples by their place in the sets that an optimiser was given: `development-3`, `train-17`.

The same example has the same name in all evaluations, so that its scores can be compared.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class ExampleNames:
    """The names of the examples of some sets. Later sets name only what earlier ones have not."""

    def __init__(self, sets: Mapping[str, Any]) -> None:
        self._sets = sets  # so that the examples, and with them their ids, stay
        self._names: dict[int, str] = {}
        for split, examples in sets.items():
            if isinstance(examples, Sequence):
                for place, example in enumerate(examples):
                    self._names.setdefault(id(example), f"{split}-{place}")

    def of(self, examples: Any) -> list[str] | None:
        """None if one of them is in no set: then its place in the evaluation is all that is known."""
        names = [self._names.get(id(example)) for example in examples]
        return None if None in names else [name for name in names if name is not None]
