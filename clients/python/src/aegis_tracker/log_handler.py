"""Python's `logging` as entries of the run's log."""

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from aegis_tracker.console_lines import collapse
from aegis_tracker.diagnostics import logger
from aegis_tracker.levels import level_name
from aegis_tracker.sanitizing import fit_text
from aegis_tracker.tracker import TrainingProgressTracker


class TrainingLogHandler(logging.Handler):
    """Reports what is logged: its level, its message, and the text of an exception.

    With a formatter (`setFormatter`) the whole text is the formatter's. What a progress bar overwrote is
    left out. Records of the logger `aegis_tracker` are passed over, since reporting them could make more.
    Raises no Exception, whatever the record, and never waits for the network; may be used from any thread.
    """

    def __init__(self, tracker: TrainingProgressTracker, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        self._tracker = tracker
        self._reporting = threading.local()

    def handle(self, record: logging.LogRecord) -> bool:
        """Filter and report, without the lock of other handlers: threads need not wait for each other here."""
        try:
            passed = self.filter(record)
        except Exception:  # noqa: BLE001 - filters are other people's code; better told than lost
            passed = True
        if isinstance(passed, logging.LogRecord):  # from Python 3.12 on a filter may replace the record
            record = passed
        if passed:
            self.emit(record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Report one record, whoever made it and whatever it lacks."""
        if getattr(self._reporting, "now", False):
            return
        self._reporting.now = True
        try:
            if not _is_own(record):
                self._tracker.forward_log(_level(record), collapse(self._text(record)))
        except Exception:  # noqa: BLE001 - messages and formatters are other people's code
            said = _attribute(record, "msg")
            text = f"A log message could not be formatted: {fit_text(said, 200)}"
            self._tracker.forward_log(_level(record), text)
        finally:
            self._reporting.now = False

    def _text(self, record: logging.LogRecord) -> str:
        if self.formatter is not None:
            return fit_text(self.format(record))
        parts = [record.getMessage(), _exception_text(record), _attribute(record, "stack_info")]
        return "\n".join(fit_text(part) for place, part in enumerate(parts) if part or not place)


def _is_own(record: logging.LogRecord) -> bool:
    name = _attribute(record, "name")
    return isinstance(name, str) and (name == logger.name or name.startswith(f"{logger.name}."))


def _level(record: logging.LogRecord) -> str:
    """The contract's level; INFO for a record that has none."""
    return level_name(_attribute(record, "levelno")) or level_name(_attribute(record, "levelname")) or "INFO"


def _exception_text(record: logging.LogRecord) -> object:
    """The traceback that a record has, in any of the forms that `logging` takes for `exc_info`."""
    given = _attribute(record, "exc_info")
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) and len(given) == 3 else given
    if not isinstance(error, BaseException):
        return _attribute(record, "exc_text")
    trace = given[2] if isinstance(given, tuple) and isinstance(given[2], TracebackType) else error.__traceback__
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


def _attribute(record: logging.LogRecord, name: str) -> Any:
    """None where the record does not have it."""
    try:
        return getattr(record, name, None)
    except Exception:  # noqa: BLE001 - a record can be anybody's class
        return None
