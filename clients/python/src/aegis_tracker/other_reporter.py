"""Finds out from the service whether another process that reports the same run may still be running.

A run that is started again under its id goes on where the last process stopped. A second process beside a living one
must not take the run from it. The service knows when the run was last reported; a process that lives says so every
15 s.
"""

import time
from datetime import datetime
from typing import Any

SILENT_FOR_S = 60.0  # four heartbeats
ASK_AGAIN_AFTER_S = 5.0


class OtherReporter:
    """What is known of the process that counted the run's events last. It is looked at every `looks_every_s`."""

    def __init__(self, looks_every_s: float = ASK_AGAIN_AFTER_S) -> None:
        self._gap_max_s = 3 * looks_every_s
        self._looked_at = 0.0  # seconds since 1970, on this machine's clock
        self.is_gone = False  # whether the service gave the run up, so that this process may count
        self._reachable_since = 0.0  # seconds since 1970, on the service's clock; 0 until it could not be reached
        self._was_unreachable = False

    def service_was_unreachable(self) -> None:
        """Silence until now does not count: the other process could not report either."""
        self._was_unreachable = True

    def seen(self, run: dict[str, Any], now: float) -> float:
        """For how long it has been silent, in seconds, from the run's status object and the service's time."""
        looked_before, self._looked_at = self._looked_at, time.time()
        has_slept = bool(looked_before) and not 0 <= self._looked_at - looked_before <= self._gap_max_s
        if self._was_unreachable or has_slept:  # so may the other have been, and have slept
            self._reachable_since, self._was_unreachable = now, False
        if is_lost(run):
            self.is_gone = True
        try:
            reported_at = datetime.fromisoformat(run["last_report_at"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return 0.0
        silent_s = now - max(reported_at, self._reachable_since)
        self.is_gone = self.is_gone or silent_s >= SILENT_FOR_S
        return silent_s


def is_lost(run: dict[str, Any]) -> bool:
    """Whether the service has given the run up because nobody reported it."""
    return run.get("status") == "failed" and run.get("failure_reason") in ("lost", "cancelled")


def has_ended(run: dict[str, Any]) -> bool:
    """Whether the run takes no more events."""
    return run.get("status") in ("completed", "failed") and not is_lost(run)
