"""The Django admin, for operators. Changes go through `ingest`, as those of the API do."""

from training_status.admin.access_token import AccessTokenAdmin
from training_status.admin.audit_entry import AuditEntryAdmin
from training_status.admin.domain import DomainAdmin
from training_status.admin.training_run import TrainingRunAdmin

__all__ = ["AccessTokenAdmin", "AuditEntryAdmin", "DomainAdmin", "TrainingRunAdmin"]
