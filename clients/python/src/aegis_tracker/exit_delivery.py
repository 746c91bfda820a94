"""Sends reports while the process ends, for a limited time, and warns of those that have not arrived."""

import sys
import threading
import time
from collections.abc import Callable

from aegis_tracker.diagnostics import Diagnostics, warn_at_exit
from aegis_tracker.run_sending import RunSending
from aegis_tracker.spool import Spool


class ExitDelivery:
    """Waits for reports to arrive. `flush` waits up to so many seconds; it returns whether all have arrived."""

    def __init__(
        self, spool: Spool, sending: RunSending, diagnostics: Diagnostics, flush: Callable[[float], bool]
    ) -> None:
        self._spool = spool
        self._sending = sending
        self._diagnostics = diagnostics
        self._flush = flush
        self._deadline: float | None = None  # monotonic, once the process ends

    @property
    def has_begun(self) -> bool:
        """Whether the process ends."""
        return self._deadline is not None

    def begin(self, timeout_s: float) -> None:
        """The process ends. From now on each report is sent at once, within `timeout_s` for all of them."""
        self._deadline = time.monotonic() + timeout_s

    def process_forked(self) -> None:
        """In a forked process, which does not end."""
        self._deadline = None

    def deliver(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` until all reports have arrived. Otherwise warn where they are kept."""
        sender = self._sending.sender
        if sender is None or sender.stopped:
            return sender is not None and sender.has_all
        try:
            arrived = self._flush(timeout_s)
        except KeyboardInterrupt:
            arrived = False
        if not arrived:
            self._warn_of_unsent_reports()
        return arrived

    def deliver_late_report(self) -> None:
        """Send a report that was made while the process ends."""
        assert self._deadline is not None
        is_main_thread = threading.current_thread() is threading.main_thread()
        if sys.is_finalizing() or self._sending.sender is None or not is_main_thread:
            # The sender does not run any more, or this thread may be stopped at any time.
            self._warn_of_unsent_reports()
        else:
            self.deliver(max(0.0, self._deadline - time.monotonic()))

    def _warn_of_unsent_reports(self) -> None:
        kept = (
            f"are kept in {self._spool.path}. The next tracker in that folder, or aegis-tracker sync, sends them"
            if self._spool.path
            else "are lost, because no spool could be written"
        )
        run_id = self._spool.start["id"]
        warn_at_exit(
            self._diagnostics, "exit", f"Not all reports of run {run_id} have arrived. The missing ones {kept}."
        )
