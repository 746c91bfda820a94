"""The reports of one run: writes them into the spool, runs the thread that sends it, and handles every kind of end.

The training holds a `TrainingProgressTracker`, the threads hold a `Reporter`. So the reporter notices when the training
discards its tracker without an end, and the reports still arrive.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from aegis_tracker import process_hooks
from aegis_tracker.cancellation import CancelRequest, TrainingCancelled
from aegis_tracker.diagnostics import Diagnostics, QuietLock
from aegis_tracker.events import Event, fail_event, lost_event
from aegis_tracker.exit_delivery import ExitDelivery
from aegis_tracker.interactive_session import InteractiveSession
from aegis_tracker.local_status import LocalStatus
from aegis_tracker.original_process import OriginalProcess
from aegis_tracker.run_sending import RunSending
from aegis_tracker.sanitizing import time_now
from aegis_tracker.sender import SenderCallbacks
from aegis_tracker.spool import Spool
from aegis_tracker.spool_records import CLOSED_TYPE, END_TYPES, Record, line_of, says_lost
from aegis_tracker.stop_reason import StopReason
from aegis_tracker.transport import Transport

_A_LOG_ENTRY: Event = {"type": "log"}

DISCARDED = "The tracker was discarded before the run was completed or failed."


class View(Protocol):
    """A display of the run until it ends."""

    def stop(self) -> None:
        """Stop the display."""


class Reporter:
    """Writes reports into a spool and sends them. Can be called from any thread and from forked processes.

    `connect` makes a connection to the service; with None nothing is sent. With `is_resumable` a process that is told
    to end hands the run over instead of ending it: a later process continues it.
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
        self._lock = QuietLock(diagnostics)  # a signal handler may interrupt a report with another one
        self._cancel = cancel
        self._on_cancelled = on_cancelled
        self._is_resumable = is_resumable
        self._ended_by = "the end that an earlier process reported" if spool.ended else None
        self._original = OriginalProcess()
        self._is_forked_copy = False
        self._is_open = True
        self._is_discarded = False
        self._is_handed_over = False
        self._stop_reason = StopReason()
        callbacks = SenderCallbacks(
            before_step=self._before_step,
            note=self._note,
            on_cancelled=self._cancelled,
            on_done=self._sending_done,
        )
        self._sending = RunSending(spool, diagnostics, connect, callbacks)
        self._exit = ExitDelivery(spool, self._sending, diagnostics, self.flush)
        self._session = InteractiveSession()
        self._events = 0
        self._sums: tuple[Callable[[], None], ...] = ()

    def start(self) -> None:
        """Start to send this spool and the orphaned spools in its folder."""
        process_hooks.watch(self)
        self._sending.start()
        self._sending.start_orphaned_spools()

    @property
    def has_ended(self) -> bool:
        """Whether no more reports are accepted."""
        return self._ended_by is not None

    @property
    def is_forked_copy(self) -> bool:
        """Whether this is a copy in a forked process. The original process sends its reports."""
        return self._is_forked_copy and self._sending.sender is None

    def append(self, call: str, event: Event) -> None:
        """Write the report of a `call`. Waits only while the process ends.

        If a signal handler interrupts a report, its own report is written right after it.
        """
        if not self._lock.run_or_defer(lambda: self._take(call, event)):
            return
        if self.status.ended:
            self.stop_showing()
        if self._exit.has_begun:
            self._deliver_late_report()

    def before_phases(self, report: Callable[[], None], *, until_now: bool = False) -> None:
        """Call `report()` before each phase and before the end, so that it can report what it has summed up."""
        others = tuple(one for one in self._sums if one != report)
        self._sums = others if until_now else (*others, report)

    def report_sums(self) -> None:
        """Have everything reported that is summed up. Raises nothing."""
        for report in self._sums if self._ended_by is None else ():
            try:
                report()
            except Exception as error:  # noqa: BLE001 - what reports is not ours
                self._diagnostics.once("sums", f"Sums could not be reported ({type(error).__name__}: {error}).")

    def append_logs(self, level: str, messages: Sequence[str]) -> None:
        """As `append` of log entries of this moment, together and in less time."""
        if self._lock.defer(lambda: self._take_logs(level, messages)):
            return
        self._take_logs(level, messages)
        if self._exit.has_begun:
            self._deliver_late_report()

    def _take_logs(self, level: str, messages: Sequence[str]) -> None:
        with self._lock:
            if self._ended_by is not None:
                self._diagnostics.once("ended", f"log() is ignored: it came after {self._ended_by}.")
                return
            if self._is_forked_copy:
                self._take_over_if_original_is_gone()
            self.spool.append_logs(level, messages)
            self.status.apply(_A_LOG_ENTRY)
            self._events += len(messages)
            self._stop_reason.forget()

    def _take_over_if_original_is_gone(self) -> None:
        if self._sending.sender is None and self._original.is_gone():
            self.spool.take_over_sending()
            self._sending.start()  # as after becoming a daemon

    def _take(self, call: str, event: Event) -> None:
        with self._lock:
            if self._ended_by is not None:
                self._diagnostics.once("ended", f"{call}() was ignored because it came after {self._ended_by}.")
                return
            if self._is_forked_copy:
                self._take_over_if_original_is_gone()
            self._append(event)
            self._stop_reason.forget()
            if event["type"] in END_TYPES:
                self._ended_by = f"{call}()"
            if self._ended_by is not None and self._sending.has_stopped:
                self._close_spool()

    def end_by(self, error: BaseException | str) -> None:
        """End the run because of an exception, or with the text of a signal.

        If somebody told the program to end, a resumable run is handed over instead.
        """
        reason = self._stop_reason.of(error)
        self.report_sums()  # a report forgets the reason: the program goes on, it seems
        is_error = isinstance(error, (Exception, TrainingCancelled)) and not isinstance(reason, str)
        if self._is_resumable and not is_error:
            self.hand_over()  # a signal, Ctrl-C, `sys.exit` or a cancelled task
        else:
            self.append("fail", fail_event(reason))

    def hand_over(self) -> None:
        """Stop reporting. Another process can continue the run with its id."""
        with self._lock:
            if self._ended_by is None:
                self._ended_by = "the run was handed over"
                self._is_handed_over = True
                self._write(line_of({"type": CLOSED_TYPE}))
                self.spool.is_finished = True
                self._sending.finish()

    def flush(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` until all reports have arrived. Returns whether they have."""
        with self._lock:
            sender = self._sending.sender
            if sender is None:
                return False
            target = self.spool.end() if self._is_open else None
        return sender.flush(target, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Flush, stop sending, and close the spool. A run without an end can be continued with its id."""
        self.stop_showing()
        self.flush(timeout_s)
        self._sending.stop_orphaned_spools(timeout_s=1.0)
        with self._lock:
            if self._ended_by is None:
                self._ended_by = "close()"
                self._write(line_of({"type": CLOSED_TYPE}))
        sender = self._sending.sender
        if sender is not None and not sender.stop(timeout_s=1.0):
            return  # a connection attempt cannot be aborted; the thread closes the spool after it
        with self._lock:
            self._close_spool()

    def discard(self) -> None:
        """Called when the tracker is garbage-collected, in any thread. Raises nothing."""
        if self.is_forked_copy:
            self._close_spool()
            return
        self._is_discarded = self.spool.is_finished = True
        if self._sending.has_stopped:
            self._end_discarded()

    def stop_showing(self) -> None:
        """Stop the display, and leave its last state on the terminal."""
        view, self.view = self.view, None
        if view is not None:
            view.stop()

    # Events of the process

    def stop_requested(self, reason: str, error: BaseException | None) -> None:
        """A signal asked the program to end. `error` is what the program's handler raised, None without a handler."""
        self._stop_reason.note(reason, error)

    def process_forked(self) -> None:
        """In a forked process: reports go to the same spool, which the parent process sends."""
        self._is_forked_copy = True
        self._original.process_forked()
        self.view = None  # the parent draws
        self._exit.process_forked()
        self._diagnostics.held = False
        self._lock = QuietLock(self._diagnostics)
        if self._is_open:
            self.spool.process_forked()
        self._sending.process_forked()

    def process_is_ending(self, timeout_s: float) -> None:
        """From now on each call sends its own report, within `timeout_s` for all of them."""
        self._exit.begin(timeout_s)

    def process_ends(self, timeout_s: float) -> None:
        """End the run if an error or a signal ends the program. Send for up to `timeout_s`, and warn of the rest."""
        deadline = time.monotonic() + timeout_s
        stop_reason = self._stop_reason.text
        self.report_sums()
        if self._is_discarded:
            self._end_discarded()
        reason = stop_reason or self._session.uncaught()
        if not self.has_ended and not self.is_forked_copy:
            if reason is not None:
                self.end_by(reason)
            elif self._is_resumable:
                self.hand_over()
        self.process_is_ending(deadline - time.monotonic())
        self.stop_showing()
        arrived = self.deliver(max(0.0, deadline - time.monotonic()))
        if arrived:
            self._sending.finish_orphaned_spools(deadline - time.monotonic())
        self._sending.stop_orphaned_spools(timeout_s=0.5)

    def deliver(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` until all reports have arrived. Otherwise warn where they are kept."""
        return self._exit.deliver(timeout_s)

    def _deliver_late_report(self) -> None:
        if self._is_open and not self.is_forked_copy:
            self._exit.deliver_late_report()

    def defer_if_reporting(self, action: Callable[[], None]) -> bool:
        """If this thread is inside a report, run `action` right after it. Returns whether it is."""
        return self._lock.defer(action)

    # Callbacks of the sender's thread

    def _before_step(self) -> bool:
        """Report an interrupted session. Returns whether heartbeats may be sent."""
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
            if self._sending.has_stopped:
                self._close_spool()
            else:
                self._sending.finish()
        self.stop_showing()

    def _note(self, record: Record) -> None:
        """Write a record of the sender into the spool."""
        with self._lock:
            self._write(line_of(record))

    def _cancelled(self) -> None:
        self._cancel.note()
        self.status.cancel_requested = True
        self._on_cancelled()

    def _sending_done(self, arrived: bool) -> None:
        """The last act of the sender's thread."""
        with self._lock:
            if arrived:
                self._ended_by = self._ended_by or "the end that a forked process reported"
                if not self._is_handed_over:
                    self._remove_spool()
            if self._ended_by is not None:
                self._close_spool()
        self._sending.end_orphaned_spools_after_this_look()

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
            self._diagnostics.once(
                "remove", f"All reports have arrived, but {self.spool.path} cannot be removed: {error}."
            )

    def _close_spool(self) -> None:
        """Close the file, which releases its lock."""
        self._is_open = False
        self.spool.close()
