"""One run's reports on their way: the spool they are put into, the thread that sends it, and how it all ends.

It is apart from `TrainingProgressTracker`, which the training holds: the threads hold a `Reporter`, so a training that
lets go of its tracker without an end can be noticed, and what it reported still arrives.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

from aegis_tracker import process_hooks
from aegis_tracker.cancellation import CancelRequest, TrainingCancelled
from aegis_tracker.diagnostics import Diagnostics, QuietLock, warn_at_exit
from aegis_tracker.earlier_spools import EarlierSpools
from aegis_tracker.events import Event, fail_event, lost_event
from aegis_tracker.interactive_session import InteractiveSession
from aegis_tracker.local_status import LocalStatus
from aegis_tracker.orphaned_spool_sender import OrphanedSpoolSender
from aegis_tracker.sanitizing import time_now
from aegis_tracker.sender import Sender
from aegis_tracker.spool import Spool
from aegis_tracker.spool_owner import ProcessState, state_of, this_process
from aegis_tracker.spool_reader import Place
from aegis_tracker.spool_records import CLOSED_TYPE, END_TYPES, Record, line_of, says_lost
from aegis_tracker.transport import Transport

_LOOK_FOR_ORIGINAL_EVERY_S = 1.0
_CAUSES_MAX = 100  # somebody may have made them a circle

DISCARDED = "The tracker was discarded before the run was completed or failed."


class View(Protocol):
    """Something that shows the run until it ends."""

    def stop(self) -> None:
        """Stop to show it."""


class Reporter:
    """Puts reports into a spool and has them sent. All calls from any thread and from forked processes.

    `connect` makes a connection to the service; None: nothing is sent. `is_resumable`: when the process is told to
    end, the run is handed over instead of ended, to go on under its id.
    """

    def __init__(
        self,
        spool: Spool,
        diagnostics: Diagnostics,
        status: LocalStatus,
        cancel: CancelRequest,
        on_cancelled: Callable[[], None],
        *,
        connect: Callable[[], Transport] | None,
        is_resumable: bool,
    ) -> None:
        self.spool = spool
        self.status = status
        self.view: View | None = None
        self._diagnostics = diagnostics
        self._lock = QuietLock(diagnostics)  # a signal handler may report while a report is being written
        self._cancel = cancel
        self._on_cancelled = on_cancelled
        self._connect = connect
        self._is_resumable = is_resumable
        self._ended_by = "the end that an earlier process recorded" if spool.ended else None
        self._original = this_process()
        self._parent_pid = os.getpid()  # of a forked copy
        self._looked_for_original_at = -_LOOK_FOR_ORIGINAL_EVERY_S
        self._is_forked_copy = False
        self._is_open = True
        self._is_discarded = False
        self._is_handed_over = False
        self._stop_reason: tuple[str, BaseException | None] | None = None
        self._exit_deadline: float | None = None  # monotonic, once the process ends
        self._sender: Sender | None = None
        self._orphaned_spools: OrphanedSpoolSender | None = None
        self._place = Place()
        self._session = InteractiveSession()
        self._events = 0

    def start(self) -> None:
        """Begin to send, also what earlier trainings left in the folder."""
        process_hooks.watch(self)
        self._start_sending()
        self._start_sending_orphaned_spools()

    @property
    def has_ended(self) -> bool:
        """Whether no more reports are taken."""
        return self._ended_by is not None

    @property
    def is_forked_copy(self) -> bool:
        """Whether this is the copy of a forked process, whose reports the original sends."""
        return self._is_forked_copy and self._sender is None

    def append(self, call: str, event: Event) -> None:
        """Take a report that `call` made. Never waits, but while the process ends.

        That of a signal handler which interrupts another report is taken right after it.
        """
        if not self._lock.run_or_defer(lambda: self._take(call, event)):
            return
        if self.status.ended:
            self.stop_showing()
        if self._exit_deadline is not None:
            self._deliver_late_report()

    def _take(self, call: str, event: Event) -> None:
        with self._lock:
            if self._ended_by is not None:
                self._diagnostics.once("ended", f"{call}() is ignored: it came after {self._ended_by}.")
                return
            self._append(event)
            self._stop_reason = None  # the program goes on, whatever its handler did
            if event["type"] in END_TYPES:
                self._ended_by = f"{call}()"
            if self.is_forked_copy and self._original_is_gone():
                self.spool.take_over_sending()
                self._start_sending()  # as after becoming a daemon
            if self._ended_by is not None and (self._sender is None or self._sender.stopped):
                self._close_spool()

    def _original_is_gone(self) -> bool:
        """Whether the process that sends has ended; looked at once a second."""
        now = time.monotonic()
        if now - self._looked_for_original_at < _LOOK_FOR_ORIGINAL_EVERY_S:
            return False
        self._looked_for_original_at = now
        state = state_of(self._original)
        if state is ProcessState.UNKNOWN:  # the system does not say which processes there are
            return os.getppid() != self._parent_pid
        return state is ProcessState.GONE

    def end_by(self, error: BaseException | str) -> None:
        """End the run by what left its block, or ended the program: an exception, or the reason of a signal.

        A run that is resumable is handed over instead, where somebody told the program to end.
        """
        reason = self._reason_of(error)
        is_error = isinstance(error, (Exception, TrainingCancelled)) and not isinstance(reason, str)
        if self._is_resumable and not is_error:
            self.hand_over()  # told by a signal, Ctrl-C, `sys.exit` or the cancelling of a task
        else:
            self.append("fail", fail_event(reason))

    def hand_over(self) -> None:
        """Report no more, and leave the run to be continued under its id."""
        with self._lock:
            if self._ended_by is None:
                self._ended_by = "the run was handed over"
                self._is_handed_over = True
                self._write(line_of({"type": CLOSED_TYPE}))
                self.spool.is_finished = True
                if self._sender is not None:
                    self._sender.finish()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was reported has arrived; whether it has."""
        with self._lock:
            sender = self._sender
            if sender is None:
                return False
            target = self.spool.end() if self._is_open else None
        return sender.flush(target, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Flush, stop to send, and let go of the spool. A run that has not ended may be continued under its id."""
        self.stop_showing()
        self.flush(timeout_s)
        if self._orphaned_spools is not None:
            self._orphaned_spools.stop(timeout_s=1.0)
        with self._lock:
            if self._ended_by is None:
                self._ended_by = "close()"
                self._write(line_of({"type": CLOSED_TYPE}))
        sender = self._sender
        if sender is not None and not sender.stop(timeout_s=1.0):
            return  # a connection attempt that cannot be broken off; the thread ends with it, and closes the spool
        with self._lock:
            self._close_spool()

    def discard(self) -> None:
        """The training has let go of its tracker, in whatever thread and at whatever moment. Raises nothing."""
        if self.is_forked_copy:
            self._close_spool()
            return
        self._is_discarded = self.spool.is_finished = True
        if self._sender is None or self._sender.stopped:
            self._end_discarded()

    def stop_showing(self) -> None:
        """Leave what is drawn on the terminal standing."""
        view, self.view = self.view, None
        if view is not None:
            view.stop()

    # What becomes of the process

    def stop_requested(self, reason: str, error: BaseException | None) -> None:
        """The program was asked to end. `error` is what its own handler raised; None: it has no handler."""
        self._stop_reason = (reason, error)

    def process_forked(self) -> None:
        """Begin anew in a forked process: its reports go to the same spool, which the parent sends."""
        self._is_forked_copy = True
        self._parent_pid = os.getppid()
        self.view = None  # the parent draws
        self._exit_deadline = None
        self._diagnostics.held = False
        self._lock = QuietLock(self._diagnostics)
        if self._is_open:
            self.spool.process_forked()
        if self._orphaned_spools is not None:
            self._orphaned_spools.process_forked()
            self._orphaned_spools = None
        if self._sender is not None:
            self._place = self._sender.place
            self._sender = None

    def process_is_ending(self, timeout_s: float) -> None:
        """Reports are delivered by their own calls from now on, within so much time together."""
        self._exit_deadline = time.monotonic() + timeout_s

    def process_ends(self, timeout_s: float) -> None:
        """End the run where something else ended the program; deliver what can be delivered within `timeout_s`, and
        say what cannot."""
        deadline = time.monotonic() + timeout_s
        if self._is_discarded:
            self._end_discarded()
        reason = self._stop_reason[0] if self._stop_reason is not None else self._session.uncaught()
        if not self.has_ended and not self.is_forked_copy:
            if reason is not None:
                self.end_by(reason)
            elif self._is_resumable:
                self.hand_over()
        self.process_is_ending(deadline - time.monotonic())
        self.stop_showing()
        arrived = self.deliver(max(0.0, deadline - time.monotonic()))
        if self._orphaned_spools is not None:
            if arrived:
                self._orphaned_spools.finish(deadline - time.monotonic())
            self._orphaned_spools.stop(timeout_s=0.5)

    def deliver(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` until everything has arrived; where it has not, say where it is kept."""
        sender = self._sender
        if sender is None or sender.stopped:
            return sender is not None and sender.has_all
        try:
            arrived = self.flush(timeout_s)
        except KeyboardInterrupt:
            arrived = False
        if not arrived:
            self._warn_of_unsent_reports()
        return arrived

    def _reason_of(self, error: BaseException | str) -> BaseException | str:
        """Why a run fails that `error` ends: the signal, where that is what raised it."""
        if self._stop_reason is None or isinstance(error, str):
            return error
        reason, raised = self._stop_reason
        cause: BaseException | None = error
        for _ in range(_CAUSES_MAX):
            if cause is None:
                return error
            if cause is raised:
                return reason
            cause = cause.__cause__ or cause.__context__
        return error

    def _deliver_late_report(self) -> None:
        """A report came while the process was ending, after the time in which others were sent."""
        assert self._exit_deadline is not None
        if self._is_open and not self.is_forked_copy:
            if sys.is_finalizing() or self._sender is None or threading.current_thread() is not threading.main_thread():
                # The sender does not run any more, or this thread may be stopped at any time.
                self._warn_of_unsent_reports()
            else:
                self.deliver(max(0.0, self._exit_deadline - time.monotonic()))

    def _warn_of_unsent_reports(self) -> None:
        kept = (
            f"is kept in {self.spool.path}, and sent by the next tracker in that folder or by aegis-tracker sync"
            if self.spool.path
            else "is lost, as no spool could be written"
        )
        run_id = self.spool.start["id"]
        warn_at_exit(self._diagnostics, "exit", f"Run {run_id} was not reported to its end; what is missing {kept}.")

    def defer_if_reporting(self, action: Callable[[], None]) -> bool:
        """Whether this thread is interrupted in the middle of a report; `action` is then run right after it."""
        return self._lock.defer(action)

    # What the sender's thread asks for

    def _before_step(self) -> bool:
        """Whether the training may be said to be alive."""
        if self._is_discarded:
            self._end_discarded()
        elif self._ended_by is None and not self._is_forked_copy:
            interruption = self._session.interruption(self._events)
            if interruption is not None:
                at, error = interruption
                with self._lock:
                    if self._ended_by is None:
                        self._append(lost_event(error, timestamp=at))
        return self._ended_by is None and not self._session.is_interrupted(self._events)

    def _end_discarded(self) -> None:
        with self._lock:
            if self._is_resumable:
                self.hand_over()
            if self._ended_by is None:
                self._append(lost_event(DISCARDED, timestamp=time_now()))
                self._ended_by = "the tracker was discarded"
            sender = self._sender
            if sender is None or sender.stopped:
                self._close_spool()
            else:
                sender.finish()
        self.stop_showing()

    def _note(self, record: Record) -> None:
        """Put a record of our own into the spool."""
        with self._lock:
            self._write(line_of(record))

    def _cancelled(self) -> None:
        self._cancel.note()
        self._on_cancelled()

    def _sending_done(self, arrived: bool) -> None:
        """The last act of the sender's thread."""
        with self._lock:
            if arrived:
                self._ended_by = self._ended_by or "the end that a forked process recorded"
                if not self._is_handed_over:
                    self._remove_spool()
            if self._ended_by is not None:
                self._close_spool()
        if self._orphaned_spools is not None:
            self._orphaned_spools.end_after_this_look()

    # The spool

    def _append(self, event: Event) -> None:
        self.spool.append(event)
        self.status.apply(event)
        self._events += 0 if says_lost(event) else 1

    def _write(self, line: bytes) -> None:
        if self._is_open:
            self.spool.append_line(line)

    def _remove_spool(self) -> None:
        try:
            self.spool.remove()
        except OSError as error:
            self._diagnostics.once("remove", f"Everything arrived, but {self.spool.path} cannot be removed: {error}.")

    def _close_spool(self) -> None:
        """Let go of the file and its lock."""
        self._is_open = False
        self.spool.close()

    # The threads

    def _start_sending(self) -> None:
        if self._connect is None or sys.is_finalizing():  # no new thread would run
            return
        transport = self._connect()
        sender = Sender(
            self.spool,
            transport,
            self._diagnostics,
            self._place,
            before_counting=EarlierSpools(self.spool, transport, self._diagnostics).send,
            before_step=self._before_step,
            note=self._note,
            on_cancelled=self._cancelled,
            on_done=self._sending_done,
        )
        try:
            sender.start()
        except RuntimeError as error:
            self._diagnostics.once("thread", f"Reports are kept in {self.spool.path} but not sent: {error}.")
            return
        self._sender = sender

    def _start_sending_orphaned_spools(self) -> None:
        if self._connect is None or self.spool.path is None or sys.is_finalizing():
            return
        orphaned_spools = OrphanedSpoolSender(self.spool.path.parent, self._connect(), self._diagnostics)
        try:
            orphaned_spools.start()
        except RuntimeError as error:
            self._diagnostics.once("thread", f"What earlier trainings left is not sent: {error}.")
            return
        self._orphaned_spools = orphaned_spools
