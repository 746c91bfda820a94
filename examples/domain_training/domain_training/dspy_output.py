"""Keep DSPy's own output off the console: its log becomes the run's, its progress bars go nowhere."""

import contextlib
import io
import logging
import re
import sys
from collections.abc import Iterator
from typing import TextIO

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
        if message.strip("= "):
            is_detail = record.levelno < logging.WARNING or message.startswith(_HARMLESS)
            level = "DEBUG" if is_detail else record.levelname
            self._report.log(level, message[:_MESSAGE_MAX_CHARS])


class _ForwardLines(io.TextIOBase):
    """Printed lines become DEBUG entries."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.strip():
                self._report.log("DEBUG", line.strip()[:_MESSAGE_MAX_CHARS])
        return len(text)


class _WithoutBars(io.TextIOBase):
    """Standard error without what rewrites its own line, which is a progress bar."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._in_bar = False

    def write(self, text: str) -> int:
        self._in_bar = text.startswith("\r") or (self._in_bar and text == "\n")
        if not self._in_bar:
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


@contextlib.contextmanager
def forwarded_to(report: Report) -> Iterator[None]:
    """While open, whatever DSPy logs or prints goes to the report."""
    logger = logging.getLogger("dspy")
    handlers, propagate = logger.handlers[:], logger.propagate
    logger.handlers, logger.propagate = [_ForwardRecords(report)], False
    try:
        with (
            contextlib.redirect_stdout(_ForwardLines(report)),
            contextlib.redirect_stderr(_WithoutBars(sys.stderr)),
        ):
            yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
