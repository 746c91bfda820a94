"""What runs were started with, side by side: nested settings by dotted names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

NAME_MAX_CHARACTERS: Final = 200
OWN: Final = ("llm_model", "optimizer", "sample_count")


def flattened(config: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting with its dotted name; a name with a dot in it is quoted. Lists and empty objects are values.

    So is an object whose own name is long already: the names below it would be long each.
    """
    for key, value in config.items():
        name = above + (key if "." not in key else f'"{key}"')
        if isinstance(value, dict) and value and len(name) <= NAME_MAX_CHARACTERS:
            yield from flattened(value, f"{name}.")
        else:
            yield name, value


def settings_of(own: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The run's own fields and then its config by name; `config.` is before a name that is one of those fields."""
    return {
        **{name: own[name] for name in OWN},
        **{f"config.{name}" if name in OWN else name: value for name, value in flattened(config)},
    }


def differ(values: Sequence[Any]) -> bool:
    """Whether they are not all the same; 1 and 1.0 are, 1 and true are not."""
    return len({_comparable(value) for value in values}) > 1


def _comparable(value: Any) -> bytes | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return msgspec.json.encode(value, order="sorted")
