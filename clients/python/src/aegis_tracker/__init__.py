"""Reports a training to Aegis Training Status without ever getting in its way."""

from aegis_tracker.notices import AegisTrackerWarning
from aegis_tracker.tracker import TrainingProgressTracker
from aegis_tracker.version import VERSION

__version__ = VERSION

__all__ = ["AegisTrackerWarning", "TrainingProgressTracker", "__version__"]
