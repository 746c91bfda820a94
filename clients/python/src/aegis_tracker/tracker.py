"""The tracker: what a training calls to say how it is going."""

import functools
import os
import sys
import time
import uuid
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self

from aegis_tracker import events, process_life, stop_signals
from aegis_tracker.cancellation import CancelRequest, TrainingCancelled
from aegis_tracker.contract_values import fit_text
from aegis_tracker.dead_spool_sender import DeadSpoolSender
from aegis_tracker.notices import Notices, QuietLock
from aegis_tracker.own_status import OwnStatus
from aegis_tracker.sender import Sender
from aegis_tracker.settings import (
    SPOOL_MAX_BYTES,
    SettingsError,
    access_token,
    service_address,
    spool_directory,
    spool_max_bytes,
)
from aegis_tracker.spool import Spool
from aegis_tracker.spool_opening import memory_spool, open_spool
from aegis_tracker.spool_reader import Place
from aegis_tracker.spool_records import CLOSED_TYPE, END_TYPES, Record, line_of
from aegis_tracker.transport import Transport

if TYPE_CHECKING:
    from aegis_tracker.terminal_view import LiveView

_Parameters = ParamSpec("_Parameters")


def _never_raises(
    report: Callable[Concatenate["TrainingProgressTracker", _Parameters], None],
) -> Callable[Concatenate["TrainingProgressTracker", _Parameters], None]:
    """Whatever goes wrong inside a report is told and goes no further: the training comes first."""

    @functools.wraps(report)
    def guarded(self: "TrainingProgressTracker", /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        try:
            report(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - see the docstring
            reason = f"{type(error).__name__}: {fit_text(error, 1000)}"
            self._notices.once(report.__name__, f"{report.__name__} could not be recorded: {reason}")

    return guarded


def _report(
    report: Callable[Concatenate["TrainingProgressTracker", _Parameters], None],
) -> Callable[Concatenate["TrainingProgressTracker", _Parameters], None]:
    """A report never raises, but for TrainingCancelled where that was asked for; it is recorded before."""
    guarded = _never_raises(report)

    @functools.wraps(report)
    def cancellable(self: "TrainingProgressTracker", /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        guarded(self, *args, **kwargs)
        self._raise_if_cancelled()

    return cancellable


class TrainingProgressTracker:
    """Reports one training run to the service.

    Every call appends to a spool file and returns within microseconds; a background thread sends.
    No call raises or waits for the network, whatever it is given and whatever happens to the service.
    All calls may be made from any thread, from signal handlers and from forked processes.

    As a context manager: leaving the block completes the run, an exception fails it, unless the run
    was ended before. Leaving does not wait; the end of the process does, up to 10 s.
    """

    def __init__(
        self,
        domain: str,
        *,
        url: str | None = None,
        token: str | None = None,
        spool_dir: str | os.PathLike[str] | None = None,
        run_id: str | uuid.UUID | None = None,
        llm_model: str | None = None,
        optimizer: str | None = None,
        sample_count: int | None = None,
        config: dict[str, Any] | None = None,
        spool_max_bytes: int | None = None,
        on_cancel: Callable[[], object] | None = None,
        raise_on_cancel: bool = False,
    ) -> None:
        """Open the spool and start to send. Never raises, never waits for the network.

        `url`, `token`, `spool_dir` and `spool_max_bytes` default to AEGIS_URL, AEGIS_TOKEN, AEGIS_SPOOL_DIR
        and AEGIS_SPOOL_MAX_BYTES. `run_id` (a UUID, chosen when not given) names the run: an unfinished
        spool of the same run is continued.

        Once somebody asks the training to stop, `on_cancel` is called, once, in a background thread; with
        `raise_on_cancel` the next report of each thread raises TrainingCancelled, after it was recorded.
        """
        self._notices = Notices()
        self._lock = QuietLock(self._notices)  # a signal handler may report while a report is being written
        self._ended_by: str | None = None
        self._fraction = 0.0
        self._owner_pid = os.getpid()
        self._forked = False
        self._spool: Spool | None = None
        self._finalizer: weakref.finalize[..., TrainingProgressTracker] | None = None  # closes the spool
        self._connect: Callable[[], Transport] | None = None
        self._sender: Sender | None = None
        self._dead_spools: DeadSpoolSender | None = None
        self._place = Place()
        self._cancel = CancelRequest()
        self._on_cancel = on_cancel
        self._raise_on_cancel = raise_on_cancel
        self._told_to_stop: str | None = None
        self._status = OwnStatus(fit_text(domain))
        self._view: LiveView | None = None
        self._begin(domain, url, token, spool_dir, spool_max_bytes, run_id, llm_model, optimizer, sample_count, config)

    @_never_raises
    def _begin(
        self,
        domain: object,
        url: str | None,
        token: str | None,
        spool_dir: str | os.PathLike[str] | None,
        max_bytes: int | None,
        run_id: object,
        llm_model: object,
        optimizer: object,
        sample_count: object,
        config: object,
    ) -> None:
        start = events.start_record(domain, run_id, llm_model, optimizer, sample_count, config, self._notices.once)
        self._spool = self._open_spool(start, spool_dir, max_bytes)
        if self._spool.ended:
            self._ended_by = "the end that an earlier process recorded"
        finalizer = weakref.finalize(self, self._spool.close)
        finalizer.atexit = False  # reports may still come while the process ends
        self._finalizer = finalizer
        process_life.watch(self)
        self._connect = self._connection_to(url, token)
        self._start_sending()
        self._start_sending_dead_spools()
        stop_signals.watch(self)

    @property
    def run_id(self) -> str:
        """The run's UUID, or nothing where no spool could be opened at all."""
        return self._spool.start["id"] if self._spool else ""

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked the training to stop, as far as the service has answered yet."""
        return self._cancel.made

    @_report
    def enter_phase(self, phase: str, message: str = "") -> None:
        """The training enters one of `aegis_tracker.phases.PHASES`; its progress there begins at 0."""
        self._append("enter_phase", events.phase_event(phase, message, self._notices.once))

    @_report
    def update_progress(self, fraction: float, message: str = "", metrics: dict[str, Any] | None = None) -> None:
        """How much of the current phase is done, 0.0 to 1.0; the run's metrics take these values.

        A fraction that is no number leaves the progress where it is.
        """
        event = events.progress_event(fraction, self._fraction, message, metrics, self._notices.once)
        self._append("update_progress", event)

    @_report
    def log(
        self, level: str | int, message: str, step: str | None = None, metrics: dict[str, Any] | None = None
    ) -> None:
        """One entry in the run's log: DEBUG, INFO, WARNING, ERROR or CRITICAL, or a number of `logging`."""
        self._append("log", events.log_event(level, message, step, metrics, self._notices.once))

    @_never_raises
    def forward_log(self, level: str | int, message: str) -> None:
        """`log` for what the training did not hand over itself, such as a log handler: it is never cancelled by it."""
        self._append("log", events.log_event(level, message, None, None, self._notices.once))

    @_never_raises
    def complete(self, metrics: dict[str, Any] | None, result: dict[str, Any] | None = None) -> None:
        """The training has succeeded, with these final metrics, and produced `result` (at most 1 MiB)."""
        self._append("complete", events.complete_event(metrics, result, self._notices.once))

    @_never_raises
    def fail(self, error: BaseException | str) -> None:
        """The training has failed; an exception is told as `Type: message`."""
        self._append("fail", events.fail_event(error))

    @_never_raises
    def show(self) -> None:
        """Draw the run in this terminal until it ends: phases, percentage, time left, metrics.

        From the tracker's own events, so it needs no service; it needs the extra `show`. Where standard
        error is no terminal there is nothing to draw on, and nothing happens.
        """
        if self._view is not None or self._status.ended or not sys.stderr.isatty():
            return
        try:
            from aegis_tracker.terminal_view import LiveView
        except ImportError:
            self._notices.once("show", "show() needs rich: pip install 'aegis-tracker[show]'.")
            return
        self._view = LiveView(self._status.shown)
        self._view.start()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait up to `timeout` seconds until all that was reported has arrived; whether it has."""
        with self._lock:
            sender = self._sender
            if sender is None or self._spool is None:
                return False
            is_open = self._finalizer is not None and self._finalizer.alive
            target = self._spool.end() if is_open else None
        return sender.flush(target, timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Flush, and stop to send. What has not arrived stays in the spool; the run is not ended by it."""
        self._stop_showing()
        self.flush(timeout)
        if self._dead_spools is not None:
            self._dead_spools.stop(timeout_s=1.0)
        sender = self._sender
        if sender is not None and not sender.stop(timeout_s=1.0):
            return  # a connection attempt that cannot be broken off; the thread ends with it
        with self._lock:
            if self._ended_by is None:
                self._ended_by = "close()"
                self._note({"type": CLOSED_TYPE})
            self._close_spool()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._ended_by is not None or (self._forked and self._sender is None):
            return  # a forked process that leaves the block does not end its parent's run
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self.complete(None)
        else:
            self.fail(self._told_to_stop or error)

    def told_to_stop(self, reason: str) -> None:
        """The program was asked to end; `reason` is why the run fails, if it does."""
        self._told_to_stop = reason

    def process_forked(self) -> None:
        """Begin anew in a forked process: its reports go to the same spool, which the parent sends."""
        self._forked = True
        self._view = None  # the parent draws
        self._notices.held = False
        self._lock = QuietLock(self._notices)
        if self._spool is not None and self._finalizer is not None and self._finalizer.alive:
            self._spool.process_forked()
        if self._dead_spools is not None:
            self._dead_spools.process_forked()
            self._dead_spools = None
        if self._sender is not None:
            self._place = self._sender.place
            self._sender = None

    def process_ends(self, timeout_s: float) -> None:
        """End the run where something else ended the program; deliver what can be delivered within `timeout_s`,
        and say what cannot."""
        reason = self._told_to_stop or _uncaught()
        if self._ended_by is None and reason is not None and not (self._forked and self._sender is None):
            self.fail(reason)
        self._stop_showing()
        sender = self._sender
        if sender is None or sender.stopped:
            return
        deadline = time.monotonic() + timeout_s
        try:
            arrived = self.flush(timeout_s)
            if arrived and self._dead_spools is not None:
                self._dead_spools.finish(deadline - time.monotonic())
        except KeyboardInterrupt:
            arrived = False
        if self._dead_spools is not None:
            self._dead_spools.stop(timeout_s=0.5)
        sender.stop(timeout_s=0.5)
        if not arrived and not sender.place.ended:
            spool = self._spool
            kept = f"is kept in {spool.path}" if spool and spool.path else "is lost, as no spool could be written"
            self._notices.once("exit", f"Run {self.run_id} was not reported to its end; what is missing {kept}.")

    def _append(self, call: str, event: dict[str, Any]) -> None:
        with self._lock:
            if self._ended_by is not None or self._spool is None:
                why = f"it came after {self._ended_by}" if self._ended_by else "no spool could be opened"
                self._notices.once("ended", f"{call}() is ignored: {why}.")
                return
            self._spool.append(event)
            self._status.apply(event)
            self._fraction = 0.0 if event["type"] == "phase" else event.get("fraction", self._fraction)
            if event["type"] in END_TYPES:
                self._ended_by = f"{call}()"
            if self._forked and self._sender is None and os.getppid() != self._owner_pid:
                self._spool.take_over_sending()
                self._start_sending()  # the process that sent is gone, as after becoming a daemon
            if self._ended_by is not None and (self._sender is None or self._sender.stopped):
                self._close_spool()
        if self._status.ended:
            self._stop_showing()

    def _stop_showing(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            view.stop()

    def _start_sending(self) -> None:
        if self._connect is None or self._spool is None:
            return
        sender = Sender(
            self._spool,
            self._connect(),
            self._notices,
            self._place,
            note=self._note,
            when_cancelled=self._cancelled,
            when_done=self._sending_done,
        )
        try:
            sender.start()
        except RuntimeError as error:
            self._notices.once("thread", f"Reports are kept in {self._spool.path} but not sent: {error}.")
            return
        self._sender = sender

    def _start_sending_dead_spools(self) -> None:
        if self._connect is None or self._spool is None or self._spool.path is None:
            return
        dead_spools = DeadSpoolSender(self._spool.path.parent, self._connect(), self._notices)
        try:
            dead_spools.start()
        except RuntimeError as error:
            self._notices.once("thread", f"What earlier trainings left is not sent: {error}.")
            return
        self._dead_spools = dead_spools
        weakref.finalize(self, dead_spools.stop, 0.0).atexit = False

    def _note(self, record: Record) -> None:
        """Put a record of our own into the spool."""
        with self._lock:
            if self._spool is not None and self._finalizer is not None and self._finalizer.alive:
                self._spool.append_line(line_of(record))

    def _cancelled(self) -> None:
        """Called by the sender's thread once the service says that the training shall stop."""
        self._cancel.note()
        if self._on_cancel is not None:
            try:
                self._on_cancel()
            except Exception as error:  # noqa: BLE001 - other people's code
                reason = f"{type(error).__name__}: {fit_text(error, 1000)}"
                self._notices.once("on_cancel", f"on_cancel failed: {reason}")

    def _raise_if_cancelled(self) -> None:
        if self._raise_on_cancel and self._ended_by is None and self._cancel.is_news():
            raise TrainingCancelled("Somebody asked the training to stop.")

    def _sending_done(self, arrived: bool) -> None:
        """Called by the sender's thread as its last act."""
        with self._lock:
            if arrived and self._spool is not None:
                self._ended_by = self._ended_by or "the end that a forked process recorded"
                self._remove_spool(self._spool)
            if self._ended_by is not None:
                self._close_spool()
        if self._dead_spools is not None:
            self._dead_spools.end_after_this_look()

    def _remove_spool(self, spool: Spool) -> None:
        try:
            spool.remove()
        except OSError as error:
            self._notices.once("remove", f"Everything arrived, but {spool.path} cannot be removed: {error}.")

    def _close_spool(self) -> None:
        """Let go of the file and its lock, once; also done when nobody holds the tracker any more."""
        if self._finalizer is not None:
            self._finalizer()

    def _open_spool(
        self, start: dict[str, Any], spool_dir: str | os.PathLike[str] | None, max_bytes: int | None
    ) -> Spool:
        limit = SPOOL_MAX_BYTES
        try:
            limit = spool_max_bytes(max_bytes)
        except SettingsError as error:
            self._notices.once("limit", str(error))
        try:
            directory = spool_directory(spool_dir)
        except SettingsError as error:
            self._notices.once("spool", f"{error} Reports go on from memory.")
            return memory_spool(start, self._notices)
        return open_spool(directory, start, self._notices, limit)

    def _connection_to(self, url: str | None, token: str | None) -> Callable[[], Transport] | None:
        try:
            address, secret = service_address(url), access_token(token)
        except SettingsError as error:
            kept = f"are kept in {self._spool.path}" if self._spool and self._spool.path else "stay in memory"
            self._notices.once("settings", f"{error} The training goes on; its reports {kept} and are not sent.")
            return None
        return functools.partial(Transport, address, secret)


def _uncaught() -> BaseException | None:
    """The error that ended the program, if one did; also Ctrl-C. Interactive sessions survive theirs."""
    if hasattr(sys, "ps1"):
        return None
    return getattr(sys, "last_value", None)
