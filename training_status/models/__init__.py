"""What is stored: domains, their runs, each run's log and phase timings, and access tokens."""

from .access_token import AccessToken
from .domain import Domain
from .phase_timing import PhaseTiming
from .training_log_entry import TrainingLogEntry
from .training_run import TrainingRun

__all__ = ["AccessToken", "Domain", "PhaseTiming", "TrainingLogEntry", "TrainingRun"]
