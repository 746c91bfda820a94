"""Say what happens, to the service through the tracker and to the person at the console."""

import logging
import signal

from aegis_tracker import TrainingProgressTracker

console = logging.getLogger("domain_training")


class Report:
    """What the training says about itself. One place knows the current phase, so nobody else has to.

    When the service passes on a request to stop, the next report of progress acts like Ctrl-C: it interrupts
    the main thread, whichever thread is working, and no optimiser takes it for a failed sample.
    """

    def __init__(self, tracker: TrainingProgressTracker) -> None:
        self._tracker = tracker
        self._phase: str | None = None
        self._stopping = False

    def enter(self, phase: str, message: str) -> None:
        """A phase begins."""
        self._phase = phase
        console.info("== %s: %s", phase, message)
        self._tracker.enter_phase(phase, message)

    def progress(self, fraction: float, message: str = "", metrics: dict[str, float] | None = None) -> None:
        """The share of the phase's work that is done; with a message or metrics it also stands in the log."""
        if message:
            console.info("%3.0f %% %s", 100 * fraction, message)
        self._tracker.update_progress(fraction, message, metrics)
        if self._tracker.cancel_requested and not self._stopping:
            self._stopping = True
            signal.raise_signal(signal.SIGINT)

    def log(self, level: str, message: str, metrics: dict[str, float] | None = None) -> None:
        """A log entry of the current phase."""
        console.log(logging.getLevelNamesMapping()[level], message)
        self._tracker.log(level, message, step=self._phase, metrics=metrics)
