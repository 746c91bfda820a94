"""The app as Django loads it."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TrainingStatusConfig(AppConfig):
    """`training_status`."""

    name = "training_status"
    verbose_name = "Training status"

    def ready(self) -> None:
        """Create the role groups after migrations, and record changes of roles and permissions."""
        from training_status.access.groups import ensure_role_groups
        from training_status.access.permission_audit_signals import record_permission_changes
        from training_status.access.role_audit_signals import record_role_changes

        post_migrate.connect(ensure_role_groups, sender=self)
        record_role_changes()
        record_permission_changes()
