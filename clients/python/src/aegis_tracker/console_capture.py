"""What a training prints, as entries of the run's log; the terminal shows it as before."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from aegis_tracker.console_text import collapse
from aegis_tracker.contract_values import MESSAGE_MAX_BYTES
from aegis_tracker.tracker import TrainingProgressTracker


@contextmanager
def capture_console(
    tracker: TrainingProgressTracker, *, stdout: bool = True, stderr: bool = True, level: str = "INFO"
) -> Iterator[None]:
    """Inside the block each line written to `sys.stdout` and `sys.stderr` is also reported, as it ends.

    A progress bar is one entry: what it showed when its line ended. Empty lines are left out, colours are
    not reported. A stream that is None, as without a console, stays so. What other programs or C code write to the
    terminal is not seen. A handler that prints to the terminal beside a `TrainingLogHandler` would be reported
    twice: leave `stderr` out then.
    """
    names = [name for name, wanted in (("stdout", stdout), ("stderr", stderr)) if wanted]
    shown = {name: getattr(sys, name) for name in names if getattr(sys, name, None) is not None}
    watched = {name: _Watched(stream, lambda line: tracker.forward_log(level, line)) for name, stream in shown.items()}
    for name, stream in watched.items():
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, stream in watched.items():
            stream.end_line()
            if getattr(sys, name, None) is stream:  # else somebody else replaced it, and will put back what he found
                setattr(sys, name, stream.shown)


class _Watched:
    """A text stream that passes everything on to `shown`, and each whole line to `report`."""

    def __init__(self, shown: TextIO, report: Callable[[str], None]) -> None:
        self.shown = shown
        self._report = report
        self._line = ""
        self._lock = threading.RLock()
        self._reporting = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shown, name)

    def write(self, text: str) -> int:
        written = self.shown.write(text)
        if not getattr(self._reporting, "now", False):  # else the tracker itself has something to say
            for line in self._whole_lines(text):
                self._pass_on(line)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def end_line(self) -> None:
        """Report what was written since the last whole line."""
        for line in self._whole_lines("\n"):
            self._pass_on(line)

    def _whole_lines(self, text: str) -> list[str]:
        with self._lock:
            *lines, rest = (self._line + text).split("\n")
            if "\r" in rest:  # what is overwritten need not be remembered
                rest = rest[rest.rfind("\r", 0, len(rest.rstrip("\r"))) :]
            self._line = rest[-MESSAGE_MAX_BYTES:]
            return lines

    def _pass_on(self, line: str) -> None:
        shown = collapse(line.rstrip("\r"))
        if shown.strip():
            self._reporting.now = True
            try:
                self._report(shown)
            finally:
                self._reporting.now = False
