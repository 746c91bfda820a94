"""Say what happens, to the service through the tracker and to the person at the console."""

import contextlib
import logging
import signal
from collections.abc import Iterator
from typing import Any

from aegis_tracker import TrainingProgressTracker

console = logging.getLogger("domain_training")


class Report:
    """What the training says about itself: a tracker that speaks to the console too, and knows the phase.

    When the service passes on a request to stop, the next report of progress acts like Ctrl-C: it interrupts
    the main thread, whichever thread is working, and no optimiser takes it for a failed sample.
    """

    def __init__(self, tracker: TrainingProgressTracker) -> None:
        self._tracker = tracker
        self._phase: str | None = None
        self._stopping = False
        self._interrupts = True
        # What the optimiser finds and uses goes straight to the tracker.
        self.candidate, self.evaluation, self.usage = tracker.candidate, tracker.evaluation, tracker.usage
        self.before_phases = tracker.before_phases

    @property
    def sends_texts(self) -> bool:
        """Whether prompts may leave this machine."""
        return self._tracker.sends_texts

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked the training to stop."""
        return self._tracker.cancel_requested

    def enter_phase(self, phase: str, message: str = "") -> None:
        """A phase begins."""
        self._phase = phase
        console.info("== %s: %s", phase, message)
        self._tracker.enter_phase(phase, message)

    def update_progress(self, fraction: float, message: str = "", metrics: dict[str, Any] | None = None) -> None:
        """The share of the phase's work that is done; with a message or metrics it also stands in the log."""
        if message:
            console.info("%3.0f %% %s", 100 * fraction, message)
        self._tracker.update_progress(fraction, message, metrics)
        if self._interrupts and not self._stopping and self.cancel_requested:
            self._stopping = True
            signal.raise_signal(signal.SIGINT)

    def log(
        self, level: str | int, message: str, step: str | None = None, metrics: dict[str, Any] | None = None
    ) -> None:
        """A log entry, of the current phase unless it says another."""
        number = level if isinstance(level, int) else logging.getLevelNamesMapping()[level]
        console.log(number, message)
        self._tracker.log(level, message, step=step or self._phase, metrics=metrics)

    @contextlib.contextmanager
    def stopping_by_itself(self) -> Iterator[None]:
        """What runs inside stops by itself when asked to, so that nothing is interrupted before it is over."""
        self._interrupts = False
        try:
            yield
        finally:
            self._interrupts = True
