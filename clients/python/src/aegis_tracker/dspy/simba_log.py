"""SIMBA's scores, batch by batch.

SIMBA evaluates its candidates by itself, not through `dspy.Evaluate`, and says their scores nowhere but in its
log. Where that log is turned off, or speaks otherwise one day, only the final score is known.
"""

import logging
import os
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_BATCH = re.compile(
    r"Scores after (?P<number>\d+) batches: .*Best: (?P<best>-?(\d+(\.\d+)?(e[-+]?\d+)?|inf|nan))\s*$", re.DOTALL
)


_FINAL = "Final trainset scores: "


class SimbaLog(logging.Handler):
    """Listens to the SIMBA with this call id. It tells `on_batch(number, best score among its candidates)`, and
    `on_scores(is_final=…)` when scores are in its variables: of a batch, or at the end."""

    def __init__(
        self,
        active_call: Callable[[], Any],
        call_id: Any,
        on_batch: Callable[[int, float], None],
        on_scores: Callable[[bool], None],
    ) -> None:
        super().__init__(logging.INFO)
        self._active_call, self._call_id = active_call, call_id
        self._pid = os.getpid()
        self._on_batch = on_batch
        self._on_scores = on_scores
        self._logger = logging.getLogger("dspy.teleprompt.simba")

    def emit(self, record: logging.LogRecord) -> None:
        """Called in the thread that logs, so the active call says which SIMBA it is. Not for forked processes."""
        if self._active_call() != self._call_id or self._pid != os.getpid():
            return
        with suppress(Exception):  # SIMBA calls this: an error here would end the training
            message = record.getMessage()
            batch = _BATCH.search(message)
            if batch is not None:
                self._on_batch(int(batch["number"]), float(batch["best"]))
            if batch is not None or message.startswith(_FINAL):
                self._on_scores(batch is None)

    def listen(self) -> None:
        """Begin."""
        self._logger.addHandler(self)

    def close(self) -> None:
        """End."""
        self._logger.removeHandler(self)
        super().close()
