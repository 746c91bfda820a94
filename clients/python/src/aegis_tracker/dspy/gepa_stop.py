"""Asks GEPA to stop: it completes its iteration and returns the best program so far.

GEPA looks for the file `gepa.stop` in its `log_dir` before each iteration.
"""

import logging
import threading
from pathlib import Path

from aegis_tracker.diagnostics import log

STOP_FILE = "gepa.stop"


class GepaStop:
    """The stop file of one optimisation."""

    def __init__(self, log_dir: str) -> None:
        self._path = Path(log_dir) / STOP_FILE
        self._writer: threading.Thread | None = None

    def request(self) -> None:
        """Have the file written, once, by a thread of its own: DSPy's workers wait for whoever calls this."""
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="aegis-gepa-stop", daemon=True)
            self._writer.start()

    def withdraw(self) -> bool:
        """Remove the file, if it is ours, so that the same folder can be continued; whether it is."""
        if self._writer is None:
            return False
        self._writer.join()
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            log(logging.WARNING, f"{self._path} could not be removed ({error}). While it is there, GEPA stops at once.")
        return True

    def _write(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch()
        except OSError as error:
            log(logging.WARNING, f"{self._path} could not be written ({error}), so GEPA does not stop.")
