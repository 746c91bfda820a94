"""Python's `logging` as entries of the run's log."""

import logging
import threading
import traceback

from aegis_tracker.console_text import collapse
from aegis_tracker.contract_values import fit_text
from aegis_tracker.notices import logger
from aegis_tracker.tracker import TrainingProgressTracker


class TrainingLogHandler(logging.Handler):
    """Reports what is logged: its level, its message, and the text of an exception.

    With a formatter (`setFormatter`) the whole text is the formatter's. What a progress bar overwrote is
    left out. Records of the logger `aegis_tracker` are passed over, since reporting them could make more.
    Never raises and never waits for the network; may be used from any thread.
    """

    def __init__(self, tracker: TrainingProgressTracker, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        self._tracker = tracker
        self._reporting = threading.local()

    def handle(self, record: logging.LogRecord) -> bool:
        """Filter and report, without the lock of other handlers: threads need not wait for each other here."""
        passed = self.filter(record)
        if isinstance(passed, logging.LogRecord):  # from Python 3.12 on a filter may replace the record
            record = passed
        if passed:
            self.emit(record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Report one record."""
        is_own = record.name == logger.name or record.name.startswith(f"{logger.name}.")
        if is_own or getattr(self._reporting, "now", False):
            return
        self._reporting.now = True
        try:
            self._tracker.forward_log(record.levelno, collapse(self._text(record)))
        except Exception:  # noqa: BLE001 - messages and formatters are other people's code
            text = f"A log message could not be formatted: {fit_text(record.msg, 200)}"
            self._tracker.forward_log(record.levelno, text)
        finally:
            self._reporting.now = False

    def _text(self, record: logging.LogRecord) -> str:
        if self.formatter is not None:
            return self.format(record)
        parts = [record.getMessage()]
        if record.exc_info and record.exc_info[1] is not None:
            parts.append("".join(traceback.format_exception(*record.exc_info)).rstrip())
        elif record.exc_text:
            parts.append(record.exc_text)
        if record.stack_info:
            parts.append(record.stack_info)
        return "\n".join(parts)
