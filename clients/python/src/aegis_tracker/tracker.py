"""`TrainingProgressTracker`: the methods by which a training reports its progress."""

import os
import sys
import uuid
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self

from aegis_tracker import events, process_hooks, stop_signals
from aegis_tracker.cancellation import CancelRequest, TrainingCancelled
from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.finding_reports import FindingReports
from aegis_tracker.guarded_calls import never_raises, raises_only_cancelled
from aegis_tracker.known_candidates import KnownCandidates
from aegis_tracker.local_status import LocalStatus
from aegis_tracker.reporter import Reporter
from aegis_tracker.sanitizing import fit_text
from aegis_tracker.spool_records import END_TYPES
from aegis_tracker.tracker_settings import connection_by_settings, open_spool_by_settings, sends_texts_by_settings

_NOT_GIVEN: Any = object()
_AFTER_SUMS = frozenset({"phase"}) | END_TYPES
_WITHOUT_METRICS = ("phase", "candidate", "usage")


class BeforeReport(Protocol):
    """A callback that can make a report of its own before each report."""

    def __call__(self, *, at_end: bool) -> None:
        """`at_end`: it is the last chance to report."""


class TrainingProgressTracker(FindingReports):
    """Reports one training run to the service.

    Each call appends to a spool file and returns within microseconds. A background thread sends the reports.
    No call raises or waits for the network, whatever the arguments are and whatever happens to the service.
    All calls can be made from any thread, from signal handlers and from forked processes.

    Use it as a context manager: the run completes at the end of the block, and fails with an exception, `SystemExit`
    included, unless it was ended before. Leaving the block does not wait for the network, except in a process of
    `multiprocessing`. The end of the process waits up to 10 s for reports to arrive.

    `copy` and `deepcopy` return the tracker itself. If a tracker is garbage-collected without an end, its run fails.
    """

    def __init__(
        self,
        domain: str = _NOT_GIVEN,
        *,
        domain_name: str | None = None,
        training_run_id: str | uuid.UUID | None = None,
        url: str | None = None,
        token: str | None = None,
        spool_dir: str | os.PathLike[str] | None = None,
        run_id: str | uuid.UUID | None = None,
        llm_model: str | None = None,
        optimizer: str | None = None,
        sample_count: int | None = None,
        config: dict[str, Any] | None = None,
        higher_is_better: Mapping[str, bool] | None = None,
        spool_max_bytes: int | None = None,
        on_cancel: Callable[[], object] | None = None,
        raise_on_cancel: bool = False,
        resumable: bool = False,
        send_texts: bool | None = None,
    ) -> None:
        """Open the spool and start sending. Never waits for the network. Raises only TypeError, without a domain.

        `url`, `token`, `spool_dir`, `spool_max_bytes` and `send_texts` default to AEGIS_URL, AEGIS_TOKEN,
        AEGIS_SPOOL_DIR, AEGIS_SPOOL_MAX_BYTES and AEGIS_SEND_TEXTS.

        `run_id` is the UUID of the run, by default a new one. If an earlier process
        reported the run and it has not ended, it is continued.

        `higher_is_better` says by the name of a metric whether a higher value is better (True) or a lower one (False).
        It is needed for metrics whose names do not say it.

        When somebody asks the training to stop, `on_cancel` is called once, in a background thread. With
        `raise_on_cancel` the next report of each thread raises TrainingCancelled, after it was recorded.

        With `resumable` the run does not fail when a signal, `sys.exit` or Ctrl-C ends the program. A later process
        continues it with the same `run_id`.

        With `send_texts=False` the programs of candidates are not reported, only their names and scores.

        `domain_name` and `training_run_id` are other names of `domain` and `run_id`.
        """
        if domain is _NOT_GIVEN:
            if domain_name is None:
                raise TypeError("TrainingProgressTracker() needs a domain")
            domain = domain_name
        run_id = training_run_id if run_id is None else run_id
        self._diagnostics = Diagnostics()
        self._fraction = 0.0
        self._cancel = CancelRequest()
        self._on_cancel = on_cancel
        self._raise_on_cancel = raise_on_cancel
        self._reporter: Reporter | None = None
        self._before_reports: tuple[BeforeReport, ...] = ()
        self._undeclared: dict[str, bool] = {}
        self._sends_texts = sends_texts_by_settings(send_texts, self._diagnostics)
        self._candidates = KnownCandidates(others_may_report=run_id is not None)
        self._begin(
            domain,
            url,
            token,
            spool_dir,
            spool_max_bytes,
            run_id,
            llm_model,
            optimizer,
            sample_count,
            config,
            higher_is_better,
            resumable,
        )

    @never_raises
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
        higher_is_better: object,
        resumable: bool,
    ) -> None:
        start = events.start_record(
            domain, run_id, llm_model, optimizer, sample_count, config, higher_is_better, self._diagnostics.once
        )
        if run_id is not None:  # the run may exist already: then its start declares nothing
            self._undeclared = start.get("higher_is_better", {})
        spool = open_spool_by_settings(start, spool_dir, max_bytes, self._diagnostics, is_joining=run_id is not None)
        cancelled = weakref.WeakMethod(self._cancelled)
        self._reporter = Reporter(
            spool,
            self._diagnostics,
            LocalStatus(fit_text(domain)),
            self._cancel,
            lambda: _call_if_alive(cancelled),
            connect=connection_by_settings(url, token, spool.path, self._diagnostics),
            is_resumable=resumable,
        )
        weakref.finalize(self, self._reporter.discard).atexit = False  # reports are accepted while the process ends
        self._reporter.start()
        stop_signals.watch(self._reporter)

    @property
    def run_id(self) -> str:
        """The run's UUID. Empty if no spool could be opened."""
        return self._reporter.spool.start["id"] if self._reporter else ""

    @property
    def sends_texts(self) -> bool:
        """Whether the programs of candidates are reported, rather than only their names and scores."""
        return self._sends_texts

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked the training to stop, by the service's last answer."""
        return self._cancel.made

    @raises_only_cancelled
    def enter_phase(self, phase: str, message: str = "") -> None:
        """Report that the training enters one of `aegis_tracker.phases.PHASES`. Its fraction begins at 0.0."""
        self._append("enter_phase", events.phase_event(phase, message, self._diagnostics.once))

    @raises_only_cancelled
    def update_progress(
        self,
        fraction: float,
        message: str = "",
        metrics: dict[str, Any] | None = None,
        *,
        higher_is_better: Mapping[str, bool] | None = None,
    ) -> None:
        """Report how much of the current phase is done, 0.0 to 1.0, and new values of the run's metrics.

        An invalid fraction is ignored; message and metrics are reported nevertheless. `higher_is_better` is as for the
        tracker, for metrics that were not declared there.
        """
        event = events.progress_event(fraction, self._fraction, message, metrics, self._diagnostics.once)
        self._append("update_progress", events.with_directions(event, higher_is_better, self._diagnostics.once))

    @raises_only_cancelled
    def log(
        self,
        level: str | int,
        message: str,
        step: str | None = None,
        metrics: dict[str, Any] | None = None,
        *,
        higher_is_better: Mapping[str, bool] | None = None,
    ) -> None:
        """Add an entry to the run's log. `level` is DEBUG, INFO, WARNING, ERROR, CRITICAL or a number of `logging`."""
        event = events.log_event(level, message, step, metrics, self._diagnostics.once)
        self._append("log", events.with_directions(event, higher_is_better, self._diagnostics.once))

    @never_raises
    def forward_log(self, level: str | int, message: str) -> None:
        """The same as `log`, for log handlers and the like. It never raises TrainingCancelled."""
        self._append("log", events.log_event(level, message, None, None, self._diagnostics.once))

    def forward_logs(self, level: str, messages: Sequence[str]) -> None:
        """`forward_log` of several messages of one moment, at one of the contract's levels, in less time for each.

        All of them are in the spool when it returns.
        """
        try:
            if self._before_reports:
                self._report_before(at_end=False)
            if self._reporter is None:
                self._diagnostics.once("ended", "log() is ignored: no spool could be opened.")
            else:
                self._reporter.append_logs(level, messages)
        except Exception as error:  # noqa: BLE001 - a report never raises, and this one is made for every printed line
            self._could_not_record("forward_logs", error)

    def _could_not_record(self, call: str, error: Exception) -> None:
        reason = f"{type(error).__name__}: {fit_text(error, 1000)}"
        self._diagnostics.once(call, f"{call} could not be recorded: {reason}")

    @never_raises
    def complete(
        self,
        metrics: dict[str, Any] | None,
        result: dict[str, Any] | None = None,
        *,
        higher_is_better: Mapping[str, bool] | None = None,
    ) -> None:
        """Report that the training has succeeded, with its final metrics and its `result` (at most 1 MiB)."""
        event = events.complete_event(metrics, result, self._diagnostics.once)
        self._append("complete", events.with_directions(event, higher_is_better, self._diagnostics.once))

    @never_raises
    def fail(self, error: BaseException | str) -> None:
        """Report that the training has failed. An exception is reported as `Type: message`."""
        self._append("fail", events.fail_event(error))

    @never_raises
    def show(self) -> None:
        """Draw the run in this terminal until it ends: phases, percentage, time left, metrics.

        It shows the tracker's own events, so it works without the service. It needs the extra `show`. If standard
        error is not a terminal, it does nothing.
        """
        reporter = self._reporter
        if reporter is None or reporter.view is not None or reporter.status.ended or not sys.stderr.isatty():
            return
        try:
            from aegis_tracker.terminal_view import LiveView
        except ImportError:
            self._diagnostics.once("show", "show() needs rich. Install it: pip install 'aegis-tracker[show]'.")
            return
        view = LiveView(reporter.status.shown)
        reporter.view = view
        view.start()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait up to `timeout` seconds until all reports have arrived. Returns whether they have."""
        self._report_before(at_end=False)
        if self._reporter is not None:
            self._reporter.report_sums()
        return self._reporter is not None and self._reporter.flush(timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Flush, and stop sending. Reports that have not arrived stay in the spool.

        This does not end the run: a tracker with the same `run_id` continues it.
        """
        self._report_before(at_end=True)
        if self._reporter is not None:
            self._reporter.report_sums()
            self._reporter.close(timeout)

    def before_reports(self, report: BeforeReport, *, until_now: bool = False) -> None:
        """Call `report(at_end=…)` before each report, so that it can make a report first.

        It must not raise, and is called for its own reports as well. `until_now` removes it.
        """
        others = tuple(one for one in self._before_reports if one != report)
        self._before_reports = others if until_now else (*others, report)

    def before_phases(self, report: Callable[[], None], *, until_now: bool = False) -> None:
        """Call `report()` before each phase, before the end of the run and when the process is told to end.

        It can report what it has summed up. `until_now` removes it.
        """
        if self._reporter is not None:
            self._reporter.before_phases(report, until_now=until_now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        reporter = self._reporter
        if reporter is None or reporter.is_forked_copy:
            return  # a forked process that leaves the block does not end its parent's run
        if not reporter.has_ended:
            if error is None:
                self.complete(None)
            else:
                self._end_by(error)
        if process_hooks.may_skip_atexit():
            reporter.deliver(process_hooks.EXIT_FLUSH_S)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A tracker cannot be pickled, because it has a file and a thread of this process. Pass its run_id instead. "
            "Report from the process that has the tracker, or close it and make a tracker with that run_id elsewhere."
        )

    @never_raises
    def _end_by(self, error: BaseException) -> None:
        self._report_before(at_end=True)
        if self._reporter is not None:
            self._reporter.end_by(error)

    def _report_before(self, *, at_end: bool) -> None:
        for report in self._before_reports:
            report(at_end=at_end)

    def _append(self, call: str, event: events.Event) -> None:
        if self._reporter is None:
            self._diagnostics.once("ended", f"{call}() was ignored because no spool could be opened.")
            return
        if event["type"] in _AFTER_SUMS:
            self._reporter.report_sums()
        if self._before_reports:
            self._report_before(at_end=event["type"] in END_TYPES)
        if self._undeclared and event["type"] not in _WITHOUT_METRICS:
            event = event | {"higher_is_better": self._undeclared | event.get("higher_is_better", {})}
            self._undeclared = {}
        self._reporter.append(call, event)
        self._fraction = 0.0 if event["type"] == "phase" else event.get("fraction", self._fraction)

    def _cancelled(self) -> None:
        """Called in the sender's thread when the service answers that the training shall stop."""
        if self._on_cancel is not None:
            try:
                self._on_cancel()
            except Exception as error:  # noqa: BLE001 - other people's code
                reason = f"{type(error).__name__}: {fit_text(error, 1000)}"
                self._diagnostics.once("on_cancel", f"on_cancel failed: {reason}")

    def _raise_if_cancelled(self) -> None:
        has_ended = self._reporter is None or self._reporter.has_ended
        if self._raise_on_cancel and not has_ended and self._cancel.is_news():
            raise TrainingCancelled("Somebody asked the training to stop.")


def _call_if_alive(method: "weakref.WeakMethod[Callable[[], None]]") -> None:
    called = method()
    if called is not None:
        called()
