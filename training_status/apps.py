"""The app as Django loads it."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TrainingStatusConfig(AppConfig):
    """`training_status`."""

    name = "training_status"
    verbose_name = "Training status"

    def ready(self) -> None:
        """Make the role groups after migrations, record who gets rights, and tell drf-spectacular how one signs in."""
        from training_status.access.groups import ensure_role_groups
        from training_status.access.permission_audit_signals import record_permission_changes
        from training_status.access.role_audit_signals import record_role_changes
        from training_status.api import schema_authentication  # noqa: F401  (importing registers them)

        post_migrate.connect(ensure_role_groups, sender=self)
        record_role_changes()
        record_permission_changes()
