"""What a training prints, as entries of the run's log; the terminal shows it as before."""

import functools
import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Any, TextIO

from aegis_tracker.console_idle_thread import SettlingThread
from aegis_tracker.console_lines import ConsoleLines
from aegis_tracker.diagnostics import emitting
from aegis_tracker.levels import level_name
from aegis_tracker.tracker import TrainingProgressTracker


@contextmanager
def capture_console(
    tracker: TrainingProgressTracker, *, stdout: bool = True, stderr: bool = True, level: str = "INFO"
) -> Iterator[None]:
    """Inside the block each line written to `sys.stdout` and `sys.stderr` is also reported, as it ends.

    What is reported is what a terminal shows in the end: a progress bar is one entry, also where several are redrawn by
    moving the cursor up; it comes when the bar is drawn no more. Empty lines are left out, colours and link targets are
    not reported. A line too long for an entry is cut as by `tracker.log`. See `ConsoleLines` and `Screen`.

    A stream that is None, as without a console, stays so, and one that raises when it is written to does so as before;
    the text is reported also then, as after a terminal is gone.
    What is written as bytes, to `sys.stdout.buffer`, and what other programs or C code write to the terminal is not
    seen. A handler that prints to the terminal beside a `TrainingLogHandler` would be reported twice: leave `stderr`
    out then. Streams may be written to from any thread; nothing that is written raises here.
    """
    names = [name for name, wanted in (("stdout", stdout), ("stderr", stderr)) if wanted]
    shown = {name: getattr(sys, name) for name in names if getattr(sys, name, None) is not None}
    known_level = level_name(level)
    if known_level is None:
        report = functools.partial(_report_one_by_one, tracker, level)
    else:
        report = functools.partial(tracker.forward_logs, known_level)
    watched = {name: _Watched(stream, report) for name, stream in shown.items()}
    for name, stream in watched.items():
        stream.others = tuple(other for other in watched.values() if other is not stream)
        tracker.before_reports(stream.settle)
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, stream in watched.items():
            stream.end()
            tracker.before_reports(stream.settle, until_now=True)
            if getattr(sys, name, None) is stream:  # else somebody else replaced it, and will put back what he found
                setattr(sys, name, stream.shown)


def _report_one_by_one(tracker: TrainingProgressTracker, level: str, lines: Sequence[str]) -> None:
    for line in lines:
        tracker.forward_log(level, line)


class _Watched:
    """A text stream that passes everything on to `shown`, and each final line to `report`."""

    def __init__(self, shown: TextIO, report: Callable[[Sequence[str]], None]) -> None:
        self.shown = shown
        self.others: tuple[_Watched, ...] = ()  # of the same console: what a thread leaves there comes first
        self._report = report
        self._reporting: set[int] = set()  # threads
        self._settling = SettlingThread(self._settle_in_time)
        self._begin()
        _all_watched.add(self)

    def _begin(self) -> None:
        self._console = ConsoleLines()
        self._lock = threading.RLock()
        self._is_reading = False
        self._interrupting: deque[str] = deque()
        self._last_writer = 0  # the thread that held rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shown, name)

    def write(self, text: str) -> int:
        """Every line that is printed comes through here: each further call would cost a tenth of a plain write."""
        try:
            written = self.shown.write(text)
        except (OSError, ValueError):  # the terminal is gone, or cannot show it
            self._take(text)
            raise
        self._take(text)
        return written

    def _take(self, text: str) -> None:
        thread = get_ident()
        if emitting and thread in emitting:
            return  # the tracker itself has something to say
        with self._lock:
            if self._is_reading:  # a signal handler prints, in the middle of what it interrupted
                self._interrupting.append(text)
                return
            self._is_reading = True
            try:
                console = self._console
                lines = console.feed(text)
                while self._interrupting:
                    lines = [*lines, *console.feed(self._interrupting.popleft())]
                if console.holds:
                    self._last_writer = thread
                    self._settling.wake()
            except Exception:  # noqa: BLE001 - whatever is printed, the training goes on; the text is reported as it is
                console, self._console = self._console, ConsoleLines()
                lines = [*console.end(), *str(text).split("\n")]
            finally:
                self._is_reading = False
        if lines:
            for other in self.others:
                if other._console.holds:
                    other.settle()
            if len(lines) > 1 or console.holds:
                self._pass_on(lines)
            elif lines[0] and not lines[0].isspace():
                self._report(lines)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def settle(self, *, at_end: bool = False) -> None:
        """The training reports something itself, which comes after what it has printed; or reports its end, after which
        nothing can be reported.

        A bar may be in the middle of being drawn by another thread: before the end that is left alone.
        """
        if not (at_end or self._console.holds) or get_ident() in self._reporting:
            return
        if at_end:
            self._pass_on(self._with_console(ConsoleLines.end))
        elif self._last_writer == get_ident():
            self._pass_on(self._with_console(lambda console: console.settle(now=True)))

    def end(self) -> None:
        """Report what is left."""
        self._settling.stop()
        with self._lock:
            interrupting = [line for text in self._interrupting for line in self._console.feed(text)]
            self._interrupting.clear()
        self._pass_on(interrupting)
        self._pass_on(self._with_console(ConsoleLines.end))

    def process_forked(self) -> None:
        """Begin anew in a forked process: what was held is the original's, and so is the lock, whoever has it."""
        self._begin()
        self._settling = SettlingThread(self._settle_in_time)

    def _with_console(self, ask: Callable[[ConsoleLines], list[str]]) -> list[str]:
        with self._lock:
            return [] if self._is_reading else ask(self._console)

    def _settle_in_time(self) -> bool:
        self._pass_on(self._with_console(ConsoleLines.settle))
        return self._console.holds

    def _pass_on(self, lines: list[str]) -> None:
        """Report lines, but not those with nothing to see in them. What is held meanwhile is not settled by that."""
        seen = [line for line in lines if line and not line.isspace()]
        if not seen:
            return
        thread = get_ident()
        is_outermost = thread not in self._reporting  # else it is interrupted in the middle, by a handler that prints
        self._reporting.add(thread)
        try:
            self._report(seen)
        finally:
            if is_outermost:
                self._reporting.discard(thread)


_all_watched: "weakref.WeakSet[_Watched]" = weakref.WeakSet()


def _process_forked() -> None:
    for stream in list(_all_watched):
        stream.process_forked()


os.register_at_fork(after_in_child=_process_forked)
