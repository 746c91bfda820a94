"""What is stored: domains, their runs, each run's log and phase timings, access tokens, and who did what."""

from .access_token import AccessToken
from .audit_entry import AuditEntry
from .candidate import Candidate
from .domain import Domain
from .evaluation import Evaluation
from .model_usage import ModelUsage
from .phase_timing import PhaseTiming
from .run_forecast import ForecastMark, RunForecast, UsageForecastMark
from .service_presence import ServicePresence
from .training_log_entry import TrainingLogEntry
from .training_run import TrainingRun

__all__ = [
    "AccessToken",
    "AuditEntry",
    "Candidate",
    "Domain",
    "Evaluation",
    "ForecastMark",
    "ModelUsage",
    "PhaseTiming",
    "RunForecast",
    "ServicePresence",
    "TrainingLogEntry",
    "TrainingRun",
    "UsageForecastMark",
]
