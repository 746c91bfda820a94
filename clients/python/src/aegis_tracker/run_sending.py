"""The threads of a tracker: one sends its run, the other the orphaned spools in the same folder."""

import sys
from collections.abc import Callable

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.earlier_spools import EarlierSpools
from aegis_tracker.orphaned_spool_thread import OrphanedSpoolSender
from aegis_tracker.sender import Sender, SenderCallbacks
from aegis_tracker.spool import Spool
from aegis_tracker.spool_reader import Place
from aegis_tracker.transport import Transport


class RunSending:
    """Starts and stops the threads of this process. `connect` makes a connection; with None nothing is sent."""

    def __init__(
        self,
        spool: Spool,
        diagnostics: Diagnostics,
        connect: Callable[[], Transport] | None,
        callbacks: SenderCallbacks,
    ) -> None:
        self.sender: Sender | None = None  # None in a forked process, and if it could not be started
        self._spool = spool
        self._diagnostics = diagnostics
        self._connect = connect
        self._callbacks = callbacks
        self._place = Place()
        self._orphaned_spools: OrphanedSpoolSender | None = None

    @property
    def has_stopped(self) -> bool:
        """Whether no thread of this process sends the run."""
        return self.sender is None or self.sender.stopped

    def start(self) -> None:
        """Send the run, from where it had arrived when this process was forked."""
        if self._connect is None or sys.is_finalizing():  # no new thread would run
            return
        transport = self._connect()
        sender = Sender(
            self._spool,
            transport,
            self._diagnostics,
            self._place,
            self._callbacks,
            before_counting=EarlierSpools(self._spool, transport, self._diagnostics).send,
        )
        try:
            sender.start()
        except RuntimeError as error:
            self._diagnostics.once("thread", f"Reports are kept in {self._spool.path}, but not sent: {error}.")
            return
        self.sender = sender

    def start_orphaned_spools(self) -> None:
        """Send the orphaned spools as well."""
        if self._connect is None or self._spool.path is None or sys.is_finalizing():
            return
        orphaned_spools = OrphanedSpoolSender(self._spool.path.parent, self._connect(), self._diagnostics)
        try:
            orphaned_spools.start()
        except RuntimeError as error:
            self._diagnostics.once("thread", f"The spools of earlier trainings are not sent: {error}.")
            return
        self._orphaned_spools = orphaned_spools

    def finish(self) -> None:
        """Send what is in the spool, however long it takes, and then stop."""
        if self.sender is not None:
            self.sender.finish()

    def finish_orphaned_spools(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` until those that were found are sent, or the service cannot be reached."""
        if self._orphaned_spools is not None:
            self._orphaned_spools.finish(timeout_s)

    def end_orphaned_spools_after_this_look(self) -> None:
        """Send the orphaned spools that were found, and stop."""
        if self._orphaned_spools is not None:
            self._orphaned_spools.end_after_this_look()

    def stop_orphaned_spools(self, timeout_s: float) -> None:
        """Stop to send them. Waits up to `timeout_s` for the thread."""
        if self._orphaned_spools is not None:
            self._orphaned_spools.stop(timeout_s)

    def process_forked(self) -> None:
        """In a forked process: the original goes on to send."""
        if self._orphaned_spools is not None:
            self._orphaned_spools.process_forked()
            self._orphaned_spools = None
        if self.sender is not None:
            self._place = self.sender.place
            self.sender = None
