"""Detects that a statement at a prompt, or a notebook cell, ended with an error while a run is in progress.

The process still runs, so the service would take the run for alive, but the training has stopped. Python and IPython
keep such an error in `sys.last_value`. If a later cell continues the training, its first report continues the run.
"""

import sys
import time

from aegis_tracker.events import exception_text
from aegis_tracker.sanitizing import time_now

QUIET_FOR_S = 10.0  # an error is no end where reports go on, as from a thread


class InteractiveSession:
    """The last error of this session, if it is one. Used by one thread."""

    def __init__(self) -> None:
        self._at_first = self._seen = _last_error()
        self._at = 0.0  # monotonic, when it was seen
        self._timestamp = ""
        self._events_then: int | None = None  # of the run when it was seen; None: it is no news
        self._events_at_interruption: int | None = None

    def interruption(self, events: int) -> tuple[str, str] | None:
        """When a statement ended with an error since which nothing was reported, and the error; once each.

        `events` is how many reports the run has had so far.
        """
        if not hasattr(sys, "ps1"):
            return None
        error = _last_error()
        if error != self._seen:
            self._seen, self._at, self._timestamp, self._events_then = error, time.monotonic(), time_now(), events
        if self._events_then != events:
            self._events_then = None
        if self._events_then is None or time.monotonic() - self._at < QUIET_FOR_S:
            return None
        self._events_then, self._events_at_interruption = None, events
        text = exception_text(getattr(sys, "last_value", None))
        return self._timestamp, f"{text} (at the prompt of an interactive session; nothing was reported since)"

    def uncaught(self) -> BaseException | None:
        """The error that ended the program, if one did; also Ctrl-C. Interactive sessions survive theirs."""
        if hasattr(sys, "ps1") or _last_error() == self._at_first:
            return None
        return getattr(sys, "last_value", None)

    def is_interrupted(self, events: int) -> bool:
        """Whether nothing was reported since the last interruption."""
        return self._events_at_interruption == events


def _last_error() -> tuple[int, int]:
    """Tells one error from the next without keeping it, and all that its traceback holds, alive."""
    return id(getattr(sys, "last_value", None)), id(getattr(sys, "last_traceback", None))
