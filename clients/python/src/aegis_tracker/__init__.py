"""Reports a training to Aegis Training Status without ever getting in its way, and reads how trainings are going."""

from aegis_tracker.cancellation import TrainingCancelled
from aegis_tracker.client import Client
from aegis_tracker.console_capture import capture_console
from aegis_tracker.contract_types import (
    Candidate,
    CandidateDetails,
    CandidateEnvelope,
    Domain,
    Evaluation,
    EvaluationEnvelope,
    GapEnvelope,
    LogEntry,
    LogEnvelope,
    LogLevel,
    PastRun,
    RunUsage,
    StatusEnvelope,
    TrainingEvent,
    TrainingHistory,
    TrainingRun,
    TrainingStatus,
)
from aegis_tracker.diagnostics import AegisTrackerWarning
from aegis_tracker.event_watch import EventWatch
from aegis_tracker.log_handler import TrainingLogHandler
from aegis_tracker.service_error import ServiceError
from aegis_tracker.settings import SettingsError
from aegis_tracker.tracker import TrainingProgressTracker
from aegis_tracker.transport import UnreachableError
from aegis_tracker.version import VERSION

__version__ = VERSION

__all__ = [
    "AegisTrackerWarning",
    "Candidate",
    "CandidateDetails",
    "CandidateEnvelope",
    "Client",
    "Domain",
    "Evaluation",
    "EvaluationEnvelope",
    "EventWatch",
    "GapEnvelope",
    "LogEntry",
    "LogEnvelope",
    "LogLevel",
    "PastRun",
    "RunUsage",
    "ServiceError",
    "SettingsError",
    "StatusEnvelope",
    "TrainingCancelled",
    "TrainingEvent",
    "TrainingHistory",
    "TrainingLogHandler",
    "TrainingProgressTracker",
    "TrainingRun",
    "TrainingStatus",
    "UnreachableError",
    "__version__",
    "capture_console",
]
