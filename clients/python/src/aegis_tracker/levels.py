"""The log levels of the contract, and what else people write for them."""

from typing import Any

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_ALSO = {"WARN": "WARNING", "FATAL": "CRITICAL"}


def level_name(level: Any) -> str | None:
    """The level for a name in any case, or for a number as `logging` counts them; else None."""
    kind = type(level)  # not `isinstance`, which asks the object itself
    if issubclass(kind, str):
        name = str.__str__(level).strip().upper()
        name = _ALSO.get(name, name)
        return name if name in LEVELS else None
    if kind is int:
        return LEVELS[min(max(level // 10, 1), len(LEVELS)) - 1]
    return None
