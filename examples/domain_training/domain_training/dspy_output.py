"""Keep DSPy's own output off the console: its log becomes the run's, its progress bars go nowhere."""

import contextlib
import io
import logging
import re
import sys
from collections.abc import Callable, Iterator

from domain_training.report import Report

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MESSAGE_MAX_CHARS = 2000
_HARMLESS = "Input contains fields not in signature"
"""MIPROv2's own proposer provokes this warning with every call."""


class _ForwardRecords(logging.Handler):
    """DSPy's chatter is detail to us (DEBUG); its warnings and errors keep their level."""

    def __init__(self, report: Report) -> None:
        super().__init__(logging.INFO)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        message = _COLOURS.sub("", record.getMessage()).strip()
        if message.strip("= ") and not message.startswith(_HARMLESS):
            level = "DEBUG" if record.levelno < logging.WARNING else record.levelname
            self._report.log(level, message[:_MESSAGE_MAX_CHARS])


class _Lines(io.TextIOBase):
    """Hands on the lines written to it; what rewrites its own line is a progress bar and is dropped."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line

    def write(self, text: str) -> int:
        for line in text.split("\n"):
            if line.strip() and not line.startswith("\r"):
                self._on_line(line.rstrip())
        return len(text)


@contextlib.contextmanager
def forwarded_to(report: Report) -> Iterator[None]:
    """While open, what DSPy logs or prints goes to the report; standard error keeps all but progress bars."""
    logger = logging.getLogger("dspy")
    handlers, propagate = logger.handlers[:], logger.propagate
    logger.handlers, logger.propagate = [_ForwardRecords(report)], False
    stderr = sys.stderr
    printed = _Lines(lambda line: report.log("DEBUG", line[:_MESSAGE_MAX_CHARS]))
    warned = _Lines(lambda line: print(line, file=stderr, flush=True))
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(warned):
            yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
