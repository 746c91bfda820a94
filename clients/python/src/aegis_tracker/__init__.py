"""Reports a training to Aegis Training Status without ever getting in its way."""

from aegis_tracker.cancellation import TrainingCancelled
from aegis_tracker.console_capture import capture_console
from aegis_tracker.log_handler import TrainingLogHandler
from aegis_tracker.notices import AegisTrackerWarning
from aegis_tracker.tracker import TrainingProgressTracker
from aegis_tracker.version import VERSION

__version__ = VERSION

__all__ = [
    "AegisTrackerWarning",
    "TrainingCancelled",
    "TrainingLogHandler",
    "TrainingProgressTracker",
    "__version__",
    "capture_console",
]
