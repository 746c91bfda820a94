"""The log levels of the contract, and what else people write for them."""

from typing import Any

from aegis_tracker.sanitizing import fit_number

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_ALSO = {"WARN": "WARNING", "FATAL": "CRITICAL"}


def level_name(level: Any) -> str | None:
    """The level for a name in any case, or for any number as `logging` counts them; else None."""
    kind = type(level)  # not `isinstance`, which asks the object itself
    if issubclass(kind, str):
        name = str.__str__(level).strip().upper()
        name = _ALSO.get(name, name)
        return name if name in LEVELS else None
    number = level if kind is int else fit_number(level)
    return None if number is None else LEVELS[int(min(max(number // 10, 1), len(LEVELS))) - 1]
