"""The five levels of a log entry, with the numbers that Python's `logging` gives them."""

from typing import Final

LEVEL_NUMBERS: Final = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
LEVEL_NAMES: Final = {number: name for name, number in LEVEL_NUMBERS.items()}
LEVELS: Final = tuple(LEVEL_NUMBERS)
