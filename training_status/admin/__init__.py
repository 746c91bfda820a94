"""Django admin: what operators look at. Whatever `ingest` owns is read-only here."""

from training_status.admin.access_token import AccessTokenAdmin
from training_status.admin.domain import DomainAdmin
from training_status.admin.training_run import TrainingRunAdmin

__all__ = ["AccessTokenAdmin", "DomainAdmin", "TrainingRunAdmin"]
