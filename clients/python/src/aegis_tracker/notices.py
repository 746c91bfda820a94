"""Tells the people who run a training what is wrong, each thing once, and never raises."""

import logging
import sys
import warnings

logger = logging.getLogger("aegis_tracker")


class AegisTrackerWarning(UserWarning):
    """Something a training reported was not right, or cannot be sent; the training goes on."""


class Notices:
    """What one tracker has said so far. No lock: it is used after a fork and in signal handlers."""

    def __init__(self) -> None:
        self._said: dict[str, object] = {}

    def once(self, key: str, sentence: str) -> None:
        """Say `sentence` through `logging` and `warnings`, unless `key` was said before.

        Raises nothing, also where warnings are errors or a logging handler fails.
        """
        mine = object()
        if self._said.setdefault(key, mine) is not mine:
            return
        try:
            warnings.warn(sentence, AegisTrackerWarning, stacklevel=_level_of_the_caller())
        except AegisTrackerWarning:
            pass  # warnings are errors here: the training must not die of one, and the log tells it
        except Exception:  # noqa: BLE001 - `warnings.showwarning` is other people's code
            sys.stderr.write(f"aegis_tracker: {sentence}\n")
        log(logging.WARNING, sentence)


def log(level: int, sentence: str) -> None:
    """Write to the log of the package. A handler that fails is passed over, for it is not ours."""
    try:
        logger.log(level, sentence)
    except Exception:  # noqa: BLE001 - see above; there is nobody left to tell but stderr
        sys.stderr.write(f"aegis_tracker: {sentence}\n")


def _level_of_the_caller() -> int:
    """The `stacklevel` that makes a warning name the line of the training, not one of ours."""
    frame = sys._getframe(1)
    level = 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("aegis_tracker"):
        frame = frame.f_back
        level += 1
    return level
