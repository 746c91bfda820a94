"""The settings of runs for a comparison: nested settings with dotted names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

NAME_MAX_CHARACTERS: Final = 200
OWN: Final = ("llm_model", "optimizer", "sample_count")


def flattened(config: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting with its dotted name. A key with a dot is quoted. Lists and empty objects are values.

    An object with a long dotted name is a value too, because the names below it would be even longer.
    """
    for key, value in config.items():
        name = above + (key if "." not in key else f'"{key}"')
        if isinstance(value, dict) and value and len(name) <= NAME_MAX_CHARACTERS:
            yield from flattened(value, f"{name}.")
        else:
            yield name, value


def settings_of(own: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run's own fields and its config by name. `config.` precedes names that both have."""
    return {
        **{name: own[name] for name in OWN},
        **{f"config.{name}" if name in OWN else name: value for name, value in flattened(config)},
    }


def differ(values: Sequence[Any]) -> bool:
    """Whether the values differ. 1 and 1.0 are equal, 1 and true are not."""
    return len({_comparable(value) for value in values}) > 1


def _comparable(value: Any) -> bytes | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return msgspec.json.encode(value, order="sorted")
