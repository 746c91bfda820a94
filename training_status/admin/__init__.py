"""Django admin: where operators work. What people may change goes through `ingest`, as over the API."""

from training_status.admin.access_token import AccessTokenAdmin
from training_status.admin.audit_entry import AuditEntryAdmin
from training_status.admin.domain import DomainAdmin
from training_status.admin.training_run import TrainingRunAdmin

__all__ = ["AccessTokenAdmin", "AuditEntryAdmin", "DomainAdmin", "TrainingRunAdmin"]
