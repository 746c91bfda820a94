"""The log levels of the contract, and what else people write for them."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_ALSO = {"WARN": "WARNING", "FATAL": "CRITICAL"}


def level_name(level: object) -> str | None:
    """The level for a name in any case, or for a number as `logging` counts them; else None."""
    if isinstance(level, str):
        name = level.strip().upper()
        name = _ALSO.get(name, name)
        return name if name in LEVELS else None
    if isinstance(level, int) and not isinstance(level, bool):
        return LEVELS[min(max(level // 10, 1), len(LEVELS)) - 1]
    return None
