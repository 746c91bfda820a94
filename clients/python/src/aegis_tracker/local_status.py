"""The status of a run, computed from its own events without the service."""

import time
from datetime import UTC, datetime
from typing import Any

from aegis_tracker.phases import INITIALIZATION, PERCENT_RANGES, PHASES, SAVING_RESULTS
from aegis_tracker.spool_records import says_lost

Status = dict[str, Any]

_ENDS = {"complete": "completed", "fail": "failed"}


class LocalStatus:
    """Follows the events of one run by the contract's rules; a few assignments an event."""

    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._status = "pending"
        self._phase = INITIALIZATION
        self._percent = 0.0
        self._message: str | None = None
        self._metrics: dict[str, Any] = {}
        self._error: str | None = None
        self._reason: str | None = None
        self._started_at: float | None = None
        self._ended_at: float | None = None
        self._reported_at = time.time()
        self._is_lost = False  # an end that the next report takes back
        self.cancel_requested = False  # by an operator: an end as failed is one as cancelled then, as in the service

    @property
    def ended(self) -> bool:
        """Whether the run has been completed or has failed."""
        return self._ended_at is not None and not self._is_lost

    def apply(self, event: dict[str, Any]) -> None:
        """Take the status one event further."""
        if self._is_lost:  # and reports again
            self._is_lost, self._status, self._ended_at = False, "training", None
            self._error = self._reason = None
        self._reported_at = time.time()
        if self._started_at is None:
            self._started_at, self._status = self._reported_at, "training"
        kind = event["type"]
        if kind == "phase" and PHASES.index(event["phase"]) > PHASES.index(self._phase):
            self._phase = event["phase"]
            self._percent = max(self._percent, PERCENT_RANGES[self._phase][0])
        elif kind == "progress":
            start, end = PERCENT_RANGES[self._phase]
            self._percent = max(self._percent, start + event["fraction"] * (end - start))
            self._message = event.get("message") or self._message
        if kind != "log":
            self._metrics = self._metrics | (event.get("metrics") or {})
        if kind in _ENDS:
            self._status, self._error, self._ended_at = _ENDS[kind], event.get("error"), self._reported_at
            self._is_lost = says_lost(event)
            if kind == "fail":
                self._reason = "cancelled" if self.cancel_requested else event.get("reason") or "error"
            else:
                self._phase, self._percent = SAVING_RESULTS, 100.0

    def shown(self) -> Status:
        """The status object as the service would show it now, as far as a terminal shows it.

        It knows no earlier runs: `estimated_completion` is when the run is completed if its pace so far goes on.
        """
        return {
            "domain_name": self._domain,
            "status": self._status,
            "progress": 100 if self._status == "completed" else min(int(self._percent), 99),
            "current_step": self._phase,
            "steps": [self._step(name) for name in PHASES],
            "message": self._message,
            "metrics": self._metrics,
            "error_message": self._error,
            "started_at": _timestamp(self._started_at),
            "estimated_completion": self._estimated_completion(),
            "forecast": None,
            "completed_at": _timestamp(self._ended_at),
            "last_report_at": _timestamp(self._reported_at),
            "health": "ok" if self._ended_at is None else None,
            "failure_reason": self._reason,
        }

    def _estimated_completion(self) -> str | None:
        if self._status != "training" or self._started_at is None or self._percent <= 0:
            return None
        now = time.time()
        try:
            return _timestamp(now + max(0.0, now - self._started_at) / self._percent * (100 - self._percent))
        except (OSError, OverflowError, ValueError):
            return None  # a time beyond the year 9999

    def _step(self, name: str) -> dict[str, Any]:
        start, end = PERCENT_RANGES[name]
        done = min(max((self._percent - start) / (end - start), 0.0), 1.0)
        if self._status == "completed" or (self._percent >= end and name != self._phase):
            status = "completed"
        elif name == self._phase and self._status != "pending":
            status = "failed" if self._status == "failed" else "in_progress"
        else:
            status = "pending"
        return {"name": name, "status": status, "progress": round(100 * done), "share": end - start}


def _timestamp(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
