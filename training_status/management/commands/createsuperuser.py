"""Django's `manage.py createsuperuser`, recorded."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction

from training_status.management.operator_command import OperatorCommand


class Command(OperatorCommand, createsuperuser.Command):
    """Creates a superuser. That is recorded in the same transaction."""

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> Any:
        """As Django does."""
        return super().handle(*args, **options)
